/** Where this checkout stands; also for what is compiled into a folder of it. */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root: string = rootAbove(dirname(fileURLToPath(import.meta.url)))

function rootAbove(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder
  if (dirname(folder) === folder) throw new Error("there is no package.json above this file")
  return rootAbove(dirname(folder))
}
