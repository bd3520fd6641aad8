/** One more node of a real PBS, which a test may lose: a pbs_mom on this host, with a home of its own. */
import { execFileSync } from "node:child_process"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { killAll } from "../processes.ts"
import type { PbsHere } from "./here.ts"

/** It starts in none that has not all of these. */
const folders: Readonly<Record<string, number>> = {
  aux: 0o755,
  checkpoint: 0o700,
  mom_logs: 0o755,
  mom_priv: 0o751,
  "mom_priv/jobs": 0o751,
  "mom_priv/hooks": 0o755,
  "mom_priv/hooks/tmp": 0o755,
  spool: 0o1777,
  undelivered: 0o1777,
}

export class PbsMom {
  readonly port: number = 20_000 + 2 * (process.pid % 5_000)
  readonly #home: string
  #isDead = false

  constructor(node: string, { exec, home }: PbsHere) {
    // It takes no home below a folder that all may write to.
    this.#home = mkdtempSync("/var/lib/hawser-mom-")
    chmodSync(this.#home, 0o755)
    for (const [name, mode] of Object.entries(folders)) {
      mkdirSync(join(this.#home, name))
      chmodSync(join(this.#home, name), mode)
    }
    for (const name of ["pbs_environment", "mom_priv/config"]) copyFileSync(join(home, name), join(this.#home, name))
    const env = {
      ...process.env,
      PBS_MOM_HOME: this.#home,
      PBS_MOM_NODE_NAME: node,
      PBS_MOM_SERVICE_PORT: String(this.port),
      PBS_MANAGER_SERVICE_PORT: String(this.port + 1),
    }
    execFileSync(join(exec, "sbin/pbs_mom"), { env, cwd: "/", stdio: "ignore" })
  }

  /** What it has started runs on. */
  kill(): void {
    if (!this.#isDead) killAll([Number(readFileSync(join(this.#home, "mom_priv/mom.lock"), "utf8"))])
    this.#isDead = true
  }

  remove(): void {
    this.kill()
    rmSync(this.#home, { recursive: true })
  }
}
