/** The real PBS of this host, if there is one. */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { rig } from "../rig.ts"
import type { PbsHere } from "./cell.ts"

/** Else why not. Grid Engine has a qsub and a qstat as well, and no qmgr; Torque's qstat has no JSON. */
export const pbsHere: PbsHere | string = find()

function find(): PbsHere | string {
  const folder = (process.env["PATH"] ?? "").split(delimiter).find((one) => existsSync(join(one, "qmgr")))
  if (folder === undefined) return "PBS's qmgr is not on the PATH"
  try {
    execFileSync(join(folder, "qstat"), ["-B", "-f", "-F", "json"], { stdio: "ignore", timeout: 10_000 })
  } catch {
    return "no PBS answers qstat -B -f -F json"
  }
  if (process.getuid?.() !== 0) return "nobody but root may run commands as the user of its jobs"
  const user = process.env["HAWSER_PBS_USER"] ?? (typeof rig === "string" ? undefined : rig.user2)
  return user === undefined ? "PBS runs nothing of root's (HAWSER_PBS_USER, or a rig)" : { folder, user }
}
