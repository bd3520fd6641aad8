/** What the tests of dialects are made of. */
import { readFileSync } from "node:fs"
import type { CommandResult } from "../../src/command.ts"
import type { JobSpec, Resources } from "../../src/job/index.ts"
import type { Native, Submission } from "../../src/schedulers/index.ts"
import { specOf as sampleSpec } from "../support/jobs.ts"

export const token = "hzabcdefgh01234"
export const otherToken = "hzzyxwvuts98765"

export function specOf(change: Partial<JobSpec> = {}, resources: Partial<Resources> = {}): JobSpec {
  return sampleSpec({ name: "relax", launcher: "auto", ...change }, resources)
}

export function submissionOf(spec: JobSpec = specOf()): Submission {
  const directory = `/home/me/.hawser/s1/jobs/${token}`
  return { token, nativeName: `${token}-relax`, directory, script: `${directory}/job.sh`, spec }
}

export function nativeOf(nativeId: string | null, itsToken: string = token): Native {
  return {
    token: itsToken,
    nativeName: `${itsToken}-relax`,
    nativeId,
    directory: `/home/me/.hawser/s1/jobs/${itsToken}`,
  }
}

export function resultOf(change: Partial<CommandResult> = {}): CommandResult {
  return { exitCode: 0, stdout: "", stderr: "", timedOut: false, ...change }
}

/** Recorded output: `fixtures/<path>`. */
export function fixture(path: string): string {
  return readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), "utf8")
}

/** What `work` throws; fails when it does not. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error("Nothing was thrown.")
}
