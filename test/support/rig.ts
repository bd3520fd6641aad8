/** The rig that live tests talk to: found, never started. */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { root } from "./root.ts"

export interface Rig {
  readonly name: string
  readonly portBase: number
  /** It gives up early: see docs/rig.md. */
  readonly fast: boolean
  readonly host: string
  readonly port: number
  readonly user: string
  readonly user2: string
  readonly identityFile: string
  readonly knownHostsFile: string
  readonly slurmConf: string
  readonly sgeRoot: string
  readonly sgeCell: string
  /** What it is made of, and sockets and the like. */
  readonly dir: string
  readonly run: string
  readonly ports: Readonly<Record<string, number>>
  readonly pids: Readonly<Record<string, number>>
}

const program = join(root, "rig/rig.sh")

/** Changes a job user's login shell. Needs root. */
export function setLoginShell(user: string, shell: string): void {
  execFileSync(program, ["shell", user, shell], { stdio: "ignore" })
}

/** The rig, or why its tests are skipped. */
export const rig: Rig | string = find()

function find(): Rig | string {
  if (!existsSync(program)) return "there is no rig in this checkout"
  try {
    const answer: Rig = JSON.parse(
      execFileSync(program, ["env", "--json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    )
    return answer.pids["sshd"] === undefined ? "the rig's sshd is down (rig/rig.sh up)" : answer
  } catch {
    return "the rig is not up (rig/rig.sh up)"
  }
}
