/** The events of a job that goes well, as the engine writes them. */
import type { AnyEventBody, JobSpec } from "hawser"
import { specOf } from "../test/support/jobs.ts"

export const eventsPerLife = 7

export function life(index: number): AnyEventBody[] {
  const job = index.toString(36).padStart(10, "0")
  const token = `hz000${job}`
  const key = `relax/${index}`
  const outcome = { state: "completed", cause: null, exitCode: 0, signal: null } as const
  const common = { token, nativeId: String(index), seenAt: 1_800_000_000_000, reason: null, restarts: 0 }
  const times = { submitTime: "2031-01-01T00:00:00", startedAt: 1_800_000_000_000, endedAt: null, host: "n1" }
  const seen = { ...common, ...times, source: "queue", word: "RUNNING", state: "running", outcome: null } as const
  const record = { ...common, ...times, source: "record", word: "exit 0", state: "ended", outcome } as const
  const directory = `/scratch/someone/.hawser/0123456789ab/jobs/${token}`
  return [
    { job, type: "created", key, executor: "hpc", generation: 0, spec: specFor(key) },
    { job, type: "intent", attempt: 1, replacement: 0, token, nativeName: `${token}-relax`, directory, devices: [] },
    { job, type: "accepted", token, nativeId: String(index), submitTime: "2031-01-01T00:00:00" },
    { job, type: "observed", token, state: "running", evidence: seen },
    { job, type: "ended", token, outcome, reason: null, evidence: [record] },
    { job, type: "collected", token, directory: `/home/someone/study/.hawser/jobs/${job}`, files: 3, notes: [] },
    { job, type: "finished", outcome, reason: null },
  ]
}

function specFor(name: string): JobSpec {
  return specOf(
    {
      name,
      command: ["./relax", "--steps", "200"],
      env: { OMP_NUM_THREADS: "4" },
      inputs: [{ from: `/home/someone/study/data/${name}.in`, to: "in.dat" }],
      outputs: ["*.out", "log/**"],
      launcher: "auto",
      retry: { maxAttempts: 2, on: ["node-failure"] },
    },
    { tasks: 4, walltime: 1_800, queue: "batch" },
  )
}
