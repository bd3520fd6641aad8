/** Paths of a spec: local ones against a base directory, those in the working directory kept inside it. */
import { posix } from "node:path"
import { bad, describe, good, type Reading } from "./problem.ts"
import { lineTrouble } from "./schema.ts"
import type { InputFile } from "./spec.ts"

export interface Base {
  /** Absolute directory against which local paths are read. */
  readonly base: string
  /** Where `~/` leads; null: it is refused. */
  readonly home: string | null
}

/** An absolute local path without `.`, `..` and a slash at its end. */
export function localPath(written: string, { base, home }: Base, want: string): Reading<string> {
  const trouble = lineTrouble(written)
  if (trouble !== null) return bad(trouble, want)
  if (written === "~" || written.startsWith("~/")) {
    return home === null
      ? bad(`${describe(written)}, and no home directory is known`, want)
      : good(posix.resolve(home, `./${written.slice(1)}`))
  }
  if (/^~[a-z_]/i.test(written))
    return bad(`${describe(written)}; only one's own ~/ is understood`, `${want} A file of that name is ./${written}.`)
  return good(posix.resolve(base, written))
}

/** A path in the working directory, without `.` and `..`. */
export function insidePath(written: string, want: string): Reading<string> {
  const trouble = lineTrouble(written)
  if (trouble !== null) return bad(trouble, want)
  if (written.startsWith("/")) return bad(`${describe(written)}, which is absolute`, want)
  const path = posix.normalize(written).replace(/\/$/, "")
  if (path === "..") return bad(`${describe(written)}, which leaves the working directory`, want)
  return path.startsWith("../") ? bad(`${describe(written)}, which leaves the working directory`, want) : good(path)
}

const wantFrom = "Write the path of a local file or directory."
const wantTo = "Write a path inside the working directory, such as in.dat or data/in.dat."

/** One input. `to` defaults to the name of `from`; with a slash at its end it is the folder into which that name goes. */
export function readInput(
  written: { readonly from: string; readonly to: string | null },
  base: Base,
): Reading<InputFile> {
  const from = localPath(written.from, base, wantFrom)
  if (!from.ok) return from
  const name = posix.basename(from.value)
  if (written.to === null)
    return name === ""
      ? bad(`${describe(written.from)}, which has no name`, wantFrom)
      : good({ from: from.value, to: name })
  const folder = written.to.endsWith("/") || /(^|\/)\.$/.test(written.to)
  const to = insidePath(folder ? posix.join(written.to, name) : written.to, wantTo)
  if (!to.ok) return to
  return to.value === "."
    ? bad(`${describe(written.to)}, the working directory itself`, wantTo)
    : good({ from: from.value, to: to.value })
}

const wantGlob = "Write a path or glob inside the working directory, such as *.out or log/**."

/** A glob inside the working directory. `log/` means everything in it. */
export function readGlob(written: string): Reading<string> {
  const glob = insidePath(written, wantGlob)
  if (!glob.ok) return glob
  if (!written.endsWith("/")) return glob.value === "." ? good("**") : glob
  return good(glob.value === "." ? "**" : `${glob.value}/**`)
}
