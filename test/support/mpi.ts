/** Real MPIs for live tests: a program compiled for each, and hosts on loopback addresses that the rig's user reaches by ssh. */
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onCluster } from "./cluster.ts"
import { type Rig, rig } from "./rig.ts"
import { root } from "./root.ts"

export type Mpi = "openmpi" | "mpich"

/** Why there are no tests with real MPIs here; null: there are. */
export const noMpi: string | null = whyNot()

function whyNot(): string | null {
  if (typeof rig === "string") return rig
  const missing = ["mpicc.openmpi", "mpicc.mpich", "mpirun.openmpi", "mpirun.mpich"].filter(
    (name) => spawnSync(name, ["--version"]).status !== 0,
  )
  if (missing.length > 0) return `${missing.join(", ")} is not there (rig/install.sh)`
  // To find what somebody else's processes carry.
  return process.getuid?.() === 0 ? null : "looking for processes of the rig's user needs root"
}

/** `fixtures/mpi/ranks.c` for each MPI, where everybody may run it; gone when disposed of. */
export class Programs implements Disposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "hawser-ranks-"))

  constructor() {
    chmodSync(this.#folder, 0o755)
    for (const mpi of ["openmpi", "mpich"] as const) {
      execFileSync(`mpicc.${mpi}`, ["-o", this.path(mpi), join(root, "fixtures/mpi/ranks.c")])
    }
  }

  path(mpi: Mpi): string {
    return join(this.#folder, `ranks-${mpi}`)
  }

  /** Processes of these programs, on all hosts: they are one. */
  running(): readonly number[] {
    return pids().filter((pid) => programOf(pid).startsWith(this.#folder))
  }

  [Symbol.dispose](): void {
    for (const pid of this.running()) process.kill(pid, "SIGKILL")
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Daemons that an MPI has started for this user on its hosts. */
export function daemonsOf(user: string): readonly number[] {
  const uid = Number(execFileSync("id", ["-u", user], { encoding: "utf8" }))
  return pids().filter((pid) => {
    const [comm, owner] = [
      readOr(`/proc/${pid}/comm`).trim(),
      /^Uid:\s+(\d+)/m.exec(readOr(`/proc/${pid}/status`))?.[1],
    ]
    return Number(owner) === uid && /^(?:orted|hydra_.*)$/.test(comm) && programOf(pid) !== ""
  })
}

function pids(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger)
}

function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return ""
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

/**
 * The rig's user reaches 127.0.0.2 and 127.0.0.3 as if they were other hosts. Two daemons of Open MPI on one machine have to
 * be kept from sharing memory and folders.
 */
export async function prepareHosts(target: Rig): Promise<void> {
  const { port, identityFile } = target
  const config = [
    "Host 127.0.0.2 127.0.0.3",
    `Port ${port}`,
    "IdentityFile ~/.ssh/rig",
    "IdentitiesOnly yes",
    "StrictHostKeyChecking no",
    "UserKnownHostsFile /dev/null",
    "LogLevel ERROR",
  ]
  await write(target, ".ssh/rig", readFileSync(identityFile, "utf8"))
  await write(target, ".ssh/config", `${config.join("\n")}\n`)
  await write(target, ".pmix/mca-params.conf", "gds = hash\n")
  await write(target, ".openmpi/mca-params.conf", "btl = self,tcp\nbtl_tcp_if_include = lo\npml = ob1\n")
}

async function write(target: Rig, path: string, text: string): Promise<void> {
  const [folder] = path.split("/")
  const data = Buffer.from(text).toString("base64")
  await onCluster(target, `umask 077; mkdir -p ${folder} && echo ${data} | base64 -d >${path}`)
}
