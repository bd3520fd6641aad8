/** The rig's Grid Engine as a test sees it past Hawser. */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { type ClusterConfig, clusterConfig, onCluster, until } from "./cluster.ts"
import { type Rig, rig } from "./rig.ts"

const run = promisify(execFile)

/** The rig, if Grid Engine is part of it, else why not. */
export const gridEngine: Rig | string =
  typeof rig === "string"
    ? rig
    : rig.pids["qmaster"] === undefined || rig.pids["execd"] === undefined
      ? "the rig has no Grid Engine (rig/rig.sh up --sge)"
      : rig

/** A hawser.yaml with it as the only executor. */
export function gridEngineConfig(target: Rig, config: ClusterConfig = {}): string {
  const more = ["parallelEnvironment: smp", ...(config.more ?? [])]
  return clusterConfig(target, { ...config, more }).replace("scheduler: slurm", "scheduler: sge")
}

/** Where its commands find it. */
export function gridEngineVariables({ sgeRoot, sgeCell, ports }: Rig): Readonly<Record<string, string>> {
  const { qmaster, execd } = ports
  return {
    SGE_ROOT: sgeRoot,
    SGE_CELL: sgeCell,
    SGE_QMASTER_PORT: String(qmaster),
    SGE_EXECD_PORT: String(execd),
  }
}

/** A command of Grid Engine's as its administrator. */
export async function asGridAdmin(target: Rig, argv: readonly [string, ...string[]]): Promise<string> {
  const [command, ...args] = argv
  return (await run(command, args, { env: { ...process.env, ...gridEngineVariables(target) } })).stdout
}

/**
 * How many records of accounting say of each token's native that a start has ended, once there is one of each (its file is
 * written a second later); those of starts that came to nothing left out.
 */
export async function accountedStarts(target: Rig, tokens: readonly string[]): Promise<readonly number[]> {
  let starts = new Map<string, number>()
  await until("all are in accounting", async () => {
    const text = await onCluster(target, `qacct -j 'hz*' | grep -E '^(jobname|failed) ' || :`)
    starts = new Map<string, number>()
    for (const [, name = "", failed = ""] of text.matchAll(/^jobname +(\S+) *\nfailed +(\d+)/gm)) {
      const token = name.slice(0, 15)
      if (["0", "37", "100"].includes(failed)) starts.set(token, (starts.get(token) ?? 0) + 1)
    }
    return tokens.every((token) => starts.has(token))
  })
  return tokens.map((token) => starts.get(token) ?? 0)
}
