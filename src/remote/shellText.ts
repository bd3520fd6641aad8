/** The text of our .sh files, as it is sent. */
import { readFileSync } from "node:fs"

/** Without the lines that are comments: they would cross the wire with every shell. */
export function shellText(files: readonly string[]): string {
  return files
    .flatMap((file) => readFileSync(new URL(file, import.meta.url), "utf8").split("\n"))
    .filter((line) => line !== "" && !/^\s*#/.test(line))
    .concat("")
    .join("\n")
}
