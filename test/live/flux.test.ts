/** Jobs in a real Flux, in an instance that is started for them: ours on this host, and over ssh that of the rig's user. */
import { readFile } from "node:fs/promises"
import { describe, expect, test } from "vitest"
import type { JobView } from "../../src/job/index.ts"
import { type Study, pause, study } from "../support/cli.ts"
import { FluxInstance, fluxProgram, withoutFlux } from "../support/flux/instance.ts"
import { Programs, noMpi } from "../support/mpi.ts"
import { type Rig, rig } from "../support/rig.ts"

interface Way {
  readonly name: string
  readonly isMissing: boolean
  readonly user?: string
  /** What runs an argv beside the instance. */
  readonly shell: () => readonly string[]
}

const target = rig as Rig
const ways: readonly Way[] = [
  { name: "on this host", isMissing: false, shell: () => [] },
  {
    name: "over ssh, as another user",
    isMissing: typeof rig === "string" || process.getuid?.() !== 0,
    user: target.user,
    shell: () => {
      const { host, port, user, identityFile, knownHostsFile } = target
      const options = ["-F", "none", "-T", "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${knownHostsFile}`]
      return ["ssh", ...options, "-i", identityFile, "-p", String(port), `${user}@${host}`]
    },
  },
]

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600 && !(await holds()); tries += 1) await pause(100)
  expect(await holds()).toBe(true)
}

describe.each(ways)(`jobs in Flux $name${withoutFlux}`, ({ isMissing, user, shell }) => {
  const isSkipped = fluxProgram === null || isMissing

  /** A hawser whose only executor is a Flux of its own. */
  async function site(keep: (work: Study, instance: FluxInstance) => Promise<void>): Promise<void> {
    await using instance = await FluxInstance.start({ brokers: 2, ...(user === undefined ? {} : { user }) })
    const path = `PATH=${(fluxProgram ?? "").replace(/\/flux$/, "")}:/usr/bin:/bin`
    const command = [...shell(), "env", `FLUX_URI=${instance.uri}`, path, "sh"]
    await using work = await study(
      `executors:\n  site: {scheduler: flux, transport: {command: ${JSON.stringify(command)}}}\n`,
    )
    await keep(work, instance)
  }

  const show = (work: Study, key: string): Promise<JobView> => work.json<JobView>("show", key, "--json")
  const isIn =
    (work: Study, key: string, state: JobView["state"]): (() => Promise<boolean>) =>
    async () =>
      (await show(work, key)).state === state

  test.skipIf(isSkipped)("each end has its code, and its id is the one that Flux has, under a name of ours", () =>
    site(async (work, instance) => {
      const ends = [
        ["true", 0],
        ["exit 7", 7],
        ["exit 137", 137],
        ["kill -s SEGV $$", 139],
      ] as const
      for (const [line, code] of ends)
        expect((await work.hawser(["run", "--", "sh", "-c", line])).code, line).toBe(code)
      expect((await work.hawser(["run", "--key", "named", "--", "sh", "-c", "echo out"])).stdout).toBe("out\n")
      const { nativeId } = await show(work, "named")
      expect(nativeId).toMatch(/^\d+$/)
      const told = JSON.parse(instance.flux("jobs", "--json", nativeId ?? "")) as { name: string; result: string }
      expect(told).toMatchObject({ name: expect.stringMatching(/^hz[a-z0-9]{13}/) as string, result: "COMPLETED" })
    }),
  )

  test.skipIf(isSkipped)("cancelled while it runs, it ends, and Flux calls it canceled", () =>
    site(async (work, instance) => {
      for (const tasks of ["1", "2"]) {
        expect((await work.hawser(["submit", "--key", tasks, "-n", tasks, "--", "sleep", "600"])).code).toBe(0)
        await until(isIn(work, tasks, "running"))
        await until(async () => work.hawser(["explain", tasks]).then(({ stdout }) => stdout.includes("says RUN")))
        expect((await work.hawser(["cancel", tasks])).code).toBe(0)
        await work.hawser(["wait", tasks])
        const job = await show(work, tasks)
        expect(job).toMatchObject({ state: "cancelled", attempt: 1, reason: "cancel" })
        expect(instance.flux("jobs", "--json", job.nativeId ?? "")).toContain('"CANCELED"')
      }
    }),
  )

  test.skipIf(isSkipped)(
    "several tasks are one instance: the job is started in it once, or by flux run once for each",
    () =>
      site(async (work) => {
        const spec = {
          key: "many",
          command: ["sh", "-c", "sleep 4; echo once"],
          launcher: "none",
          resources: { tasks: 2 },
        }
        expect((await work.hawser(["batch", "-"], { stdin: `${JSON.stringify(spec)}\n` })).code).toBe(0)
        await work.hawser(["wait", "many"])
        const job = await show(work, "many")
        expect(job).toMatchObject({ state: "completed" })
        expect(await readFile(job.stdout, "utf8")).toBe("once\n")
        expect((await work.hawser(["run", "-n", "3", "--", "echo", "each"])).stdout).toBe("each\neach\neach\n")
      }),
  )

  test.skipIf(isSkipped || noMpi !== null)(
    `ranks of an MPI find each other by what Flux tells them, and one that dies ends them all${noMpi === null ? "" : ` (${noMpi})`}`,
    { timeout: 240_000 },
    () =>
      site(async (work) => {
        using programs = new Programs()
        for (const mpi of ["mpich", "openmpi"] as const) {
          const sum = await work.hawser(["run", "-n", "3", "--", programs.path(mpi), "sum"])
          expect(sum.code, sum.stderr).toBe(0)
          const ranks = [0, 1, 2].map((rank) => `rank ${rank} of 3, sum 3, greeting -`)
          expect(sum.stdout.trim().split("\n").sort(), mpi).toEqual(ranks)
        }
        // Flux leaves the others half a minute.
        await work.hawser(["run", "--key", "killed", "-n", "2", "--", programs.path("mpich"), "kill", "1", "9"])
        expect(await show(work, "killed")).toMatchObject({ state: "failed", cause: "signal", signal: "KILL" })
        await until(async () => programs.running().length === 0)
      }),
  )

  test.skipIf(isSkipped)("out of time, it has failed with cause timeout, and has left a record of its wrapper", () =>
    site(async (work) => {
      const late = (key: string, tasks: number, line: string): string =>
        `${JSON.stringify({ key, command: ["sh", "-c", line], launcher: "none", outputs: ["*.txt"], resources: { tasks, walltime: "3s" } })}\n`
      const line = "echo half >half.txt; exec sleep 600"
      const stdin = late("late", 1, line) + late("late instance", 2, line)
      expect((await work.hawser(["batch", "-"], { stdin })).code).toBe(0)
      await work.hawser(["wait", "--all"])
      for (const key of ["late", "late instance"]) {
        const job = await show(work, key)
        expect(job, key).toMatchObject({ state: "failed", cause: "timeout", exitCode: null, attempt: 1 })
        expect(await readFile(`${job.directory}/half.txt`, "utf8")).toBe("half\n")
      }
      expect((await show(work, "late")).signal).toMatch(/^(?:ALRM|TERM)$/)
    }),
  )

  test.skipIf(isSkipped)("what waits is held by its urgency, and starts when it is released", () =>
    site(async (work, instance) => {
      instance.flux("queue", "stop")
      expect((await work.hawser(["submit", "--key", "held", "--", "true"])).code).toBe(0)
      await until(isIn(work, "held", "queued"))
      await work.hawser(["hold", "held"])
      await until(isIn(work, "held", "held"))
      instance.flux("queue", "start")
      const { nativeId } = await show(work, "held")
      expect(instance.flux("jobs", "-n", "-o", "{urgency} {state}", nativeId ?? "").trim()).toBe("0 SCHED")
      await work.hawser(["release", "held"])
      expect((await work.hawser(["wait", "held"])).code).toBe(0)
    }),
  )

  test.skipIf(isSkipped)("what can never be given is rejected with Flux's words", () =>
    site(async (work) => {
      await work.hawser(["run", "--key", "huge", "-c", "100000", "--", "true"])
      const job = await show(work, "huge")
      expect(job).toMatchObject({ state: "failed", cause: "rejected" })
      expect(job.reason).toContain("unsatisfiable")
    }),
  )
})
