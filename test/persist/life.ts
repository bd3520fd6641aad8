/** The events of a job that goes well, for tests that need some. */
import type { AnyEvent, Evidence, Job, JobEventBody } from "../../src/job/index.ts"
import type { JobStore } from "../../src/persist/index.ts"
import { specOf } from "../support/jobs.ts"

const spec = specOf({ name: "relax-Al", command: ["./relax", "Al"], launcher: "auto" })

export function evidence(token: string, change: Partial<Evidence> = {}): Evidence {
  return {
    source: "queue",
    token,
    nativeId: "4711",
    seenAt: 1,
    word: "RUNNING",
    state: "running",
    outcome: null,
    reason: null,
    submitTime: "2026-01-01T00:00:00",
    startedAt: null,
    endedAt: null,
    host: "node1",
    restarts: 0,
    ...change,
  }
}

export function created(job: string, change: { key?: string; generation?: number } = {}): JobEventBody {
  return { type: "created", job, key: `key/${job}`, executor: "hpc", generation: 1, spec, ...change }
}

export function tokenOf(job: string): string {
  // Not with a digit: of "j-1" and "j-10" it would make the same.
  return `hz${job}`.padEnd(15, "x")
}

/** Six events, `created` to `finished`. */
export function life(job: string): JobEventBody[] {
  const token = tokenOf(job)
  const outcome = { state: "completed", cause: null, exitCode: 0, signal: null } as const
  return [
    created(job),
    {
      type: "intent",
      job,
      attempt: 1,
      replacement: 0,
      token,
      nativeName: `${token}-relax-Al`,
      directory: `/scratch/${token}`,
    },
    { type: "accepted", job, token, nativeId: "4711", submitTime: "2026-01-01T00:00:00" },
    { type: "observed", job, token, state: "running", evidence: evidence(token) },
    {
      type: "ended",
      job,
      token,
      outcome,
      reason: null,
      evidence: [evidence(token, { source: "record", state: "ended", outcome })],
    },
    { type: "finished", job, outcome, reason: null },
  ]
}

/** What a store adds up to, as data that can be compared. */
export function contentsOf(store: Pick<JobStore, "jobs" | "managers">): { jobs: [string, Job][]; managers: unknown[] } {
  return { jobs: [...store.jobs], managers: [...store.managers] }
}

export function kindsOf(store: Pick<JobStore, "findings">): string[] {
  return store.findings.map(({ kind }) => kind)
}

export function seqsOf(events: readonly AnyEvent[]): number[] {
  return events.map(({ seq }) => seq)
}
