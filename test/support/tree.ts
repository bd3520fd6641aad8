/** What lies under a folder of this repository, by its path from the root. */
import { readFileSync, readdirSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** The paths of all files under `folder`, sorted, with slashes: `src/job/spec.ts`. */
export function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .toSorted()
}

export function textsUnder(folder: string): Record<string, string> {
  return Object.fromEntries(filesUnder(folder).map((path) => [path, readFileSync(join(root, path), "utf8")]))
}
