/** The connection to Slurm's host is allowed little, and that is enough. */
import { chmod } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { study } from "../support/cli.ts"
import { Trace, batchOf, clusterConfig, wrongRuns } from "../support/cluster.ts"
import { type Rig, rig } from "../support/rig.ts"
import { testSshd } from "../support/sshd.ts"

const skipped = typeof rig === "string"
const isRoot = process.getuid?.() === 0
const target = rig as Rig

describe.concurrent("the connection", () => {
  for (const sessions of [2, 3]) {
    test.skipIf(skipped || !isRoot)(
      `is allowed ${sessions} channels, and that is enough`,
      { timeout: 180_000 },
      async () => {
        await using trace = new Trace()
        const settings = [`MaxSessions ${sessions}`, `SetEnv SLURM_CONF=${target.slurmConf}`]
        await using sshd = await testSshd(settings)
        await chmod(sshd.directory, 0o711)
        await chmod(join(sshd.directory, "authorized_keys"), 0o644)
        const { port, identityFile, knownHostsFile } = sshd.config
        await using work = await study(clusterConfig({ ...target, port, identityFile, knownHostsFile }))
        const stdin = batchOf(20, "few", { script: `${trace.payload(0)}echo out >out`, outputs: ["out"] })
        expect((await work.hawser(["batch", "-"], { stdin })).code).toBe(0)
        expect((await work.hawser(["wait", "--all", "--timeout", "90s"])).code).toBe(0)
        expect(await wrongRuns(target, work, trace)).toEqual([])
      },
    )
  }
})
