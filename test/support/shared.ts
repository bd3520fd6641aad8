/** Reference data of other projects that stands beside the repository and is no part of it. */
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** `HAWSER_SHARED`, else `../shared` beside the repository; null where there is none. */
export const shared: string | null = (() => {
  const folder = process.env["HAWSER_SHARED"] ?? fileURLToPath(new URL("../../../shared", import.meta.url))
  return existsSync(`${folder}/cases`) ? folder : null
})()

/** Why tests that need it are skipped; part of their title. */
export const withoutShared: string = shared === null ? " (skipped: no ../shared, and HAWSER_SHARED is not set)" : ""

/** The text of a file in it. */
export function sharedText(path: string): string {
  if (shared === null) throw new Error("There is no ../shared.")
  return readFileSync(`${shared}/${path}`, "utf8")
}

export function sharedLines<T>(path: string): T[] {
  return sharedText(path)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T)
}
