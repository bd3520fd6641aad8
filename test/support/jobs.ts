/** Specs and parts of jobs for tests. */
import { type JobSpec, type Resources, noResources } from "../../src/job/index.ts"
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
    launch: (argv) => argv,
    secrets: {},
    ...changes,
  }
}
