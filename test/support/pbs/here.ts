/** The real PBS of this host, if there is one. */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { rig } from "../rig.ts"

export interface PbsHere {
  /** The folder of its programs: bin, sbin. */
  readonly exec: string
  /** Its own folder. */
  readonly home: string
  /** The name of its server's host. */
  readonly server: string
  /** Who submits. */
  readonly user: string
}

/** Else why not. */
export const pbsHere: PbsHere | string = find()

function find(): PbsHere | string {
  // All of its programs read it, and Grid Engine's and Torque's, which have the same names, do not.
  const path = process.env["PBS_CONF_FILE"] ?? "/etc/pbs.conf"
  if (!existsSync(path)) return `PBS is not installed: there is no ${path}`
  const lines = readFileSync(path, "utf8").matchAll(/^(\w+)=(.*)$/gm)
  const {
    PBS_EXEC: exec = "",
    PBS_HOME: home = "",
    PBS_SERVER: server = "",
  } = Object.fromEntries([...lines].map(([, name, value]) => [name, value])) as Readonly<Record<string, string>>
  try {
    execFileSync(join(exec, "bin/qstat"), ["-B"], { stdio: "ignore", timeout: 10_000 })
  } catch {
    return "no PBS answers qstat -B"
  }
  if (process.getuid?.() !== 0) return "nobody but root may run commands as the user of its jobs"
  const user = process.env["HAWSER_PBS_USER"] ?? (typeof rig === "string" ? undefined : rig.user2)
  return user === undefined ? "nobody submits to PBS here (HAWSER_PBS_USER, or a rig)" : { exec, home, server, user }
}
