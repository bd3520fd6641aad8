/** The shell programs that live in `<home>/bin` on the other side, each under a name that holds its hash. */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import type { TextFile } from "./pack.ts"
import { shellText } from "./shellText.ts"
import { wrapperName, wrapperText } from "./prelude.ts"

let payload: TextFile | undefined
let wrapper: TextFile | undefined
let launching: LaunchPrograms | undefined

/** What finds an mpirun and starts it; what each of the processes is; and what ends those that are left. */
export interface LaunchPrograms {
  readonly mpi: TextFile
  readonly rank: TextFile
  readonly sweep: TextFile
}

/** The functions that each payload.sh is made of. */
export function payloadProgram(): TextFile {
  payload ??= program("payload", readFileSync(new URL("payload.sh", import.meta.url), "utf8"))
  return payload
}

export function launchPrograms(): LaunchPrograms {
  launching ??= {
    mpi: program("mpi", shellText(["mpi.sh"])),
    rank: program("rank", shellText(["rank.sh"])),
    sweep: program("sweep", shellText(["facts.sh", "sweep.sh"])),
  }
  return launching
}

/** The job wrapper: the first thing that an attempt runs. */
export function wrapperProgram(): TextFile {
  wrapper ??= { name: wrapperName(), mode: 0o700, text: wrapperText() }
  return wrapper
}

/** A program with this text: `<name>.<hash>.sh`. */
export function program(name: string, text: string): TextFile {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16)
  return { name: `${name}.${hash}.sh`, mode: 0o700, text }
}
