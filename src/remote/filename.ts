/** File names as the bytes that they are: any name on any disk survives the way there and back. */

/** A name or path as text with one character for each byte (latin1). UTF-8 is a habit of names, not a rule. */
export type ByteName = string

export function bytesOf(text: string): ByteName {
  return Buffer.from(text, "utf8").toString("latin1")
}

/** For people and records; bytes that are not UTF-8 become U+FFFD, as they do in every answer of a shell. */
export function textOf(name: ByteName): string {
  return Buffer.from(name, "latin1").toString("utf8")
}

/** What node:fs takes, byte for byte. */
export function pathOf(name: ByteName): Buffer {
  return Buffer.from(name, "latin1")
}

/** A relative path without `.`, empty or `..` parts, or null where it leaves its folder. `.` and `` are the empty path. */
export function relativePath(path: string): string | null {
  if (path.startsWith("/") || path.includes("\0")) return null
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  return parts.includes("..") ? null : parts.join("/")
}
