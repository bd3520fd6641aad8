/** Specs and parts of jobs for tests. */
import { type Attempt, type Job, type JobSpec, type Resources, noResources } from "../../src/job/index.ts"
import { plainLaunch } from "../../src/launchers/launcher.ts"
import type { JobParts } from "../../src/remote/script.ts"

export function specOf(changes: Partial<JobSpec> = {}, resources: Partial<Resources> = {}): JobSpec {
  return {
    name: "test",
    command: ["true"],
    script: null,
    env: {},
    inputs: [],
    outputs: [],
    stdin: null,
    prologue: null,
    epilogue: null,
    modules: [],
    container: null,
    launcher: "none",
    native: [],
    resources: { ...noResources, ...resources },
    after: [],
    retry: { maxAttempts: 1, on: [] },
    into: null,
    giveUpAfterMs: null,
    ...changes,
  }
}

export function partsOf(home: string, token: string, spec: JobSpec, changes: Partial<JobParts> = {}): JobParts {
  return {
    home,
    submission: { token, directory: `${home}/jobs/${token}`, spec },
    job: { id: "id-1", key: "a key", attempt: 1 },
    directives: [],
    jobVariables: { nativeId: null, restarts: null },
    wrapper: "wrapper.0.sh",
    launch: plainLaunch([]),
    secrets: {},
    ...changes,
  }
}

/** A job as its first event leaves it, but for what is said. */
export function jobOf(changes: Partial<Job> = {}, resources: Partial<Resources> = {}): Job {
  return {
    id: "id-1",
    key: "a key",
    executor: "hpc",
    generation: 0,
    spec: specOf({}, resources),
    state: "new",
    outcome: null,
    reason: null,
    waiting: null,
    attempts: [],
    cancelRequestedAt: null,
    wish: null,
    notes: [],
    createdAt: 0,
    endedAt: null,
    changedAt: 0,
    collected: null,
    pruned: null,
    ...changes,
  }
}

export function attemptOf(changes: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    replacement: 0,
    token: "hz0",
    nativeName: "hz0-test",
    directory: "/home/jobs/hz0",
    devices: [],
    submission: "intended",
    refusedTries: 0,
    nativeId: null,
    submitTime: null,
    createdAt: 0,
    acceptedAt: null,
    startedAt: null,
    endedAt: null,
    host: null,
    lastSeen: null,
    outcome: null,
    evidence: [],
    fence: null,
    ...changes,
  }
}
