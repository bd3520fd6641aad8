/** Slurm against the cases of other projects' test suites, where they stand beside the repository. */
import { describe, expect, test } from "vitest"
import type { CommandResult } from "../../src/command.ts"
import { type ErrorClass, HawserError } from "../../src/errors.ts"
import type { Evidence } from "../../src/job/index.ts"
import type { Listing } from "../../src/schedulers/index.ts"
import { membersOf } from "../../src/schedulers/slurm/members.ts"
import { readAccounting } from "../../src/schedulers/slurm/accounting.ts"
import { slurm } from "../../src/schedulers/slurm/index.ts"
import { readQueue } from "../../src/schedulers/slurm/queue.ts"
import { shared, sharedLines, sharedText, withoutShared } from "../support/shared.ts"
import { nativeOf, resultOf, submissionOf } from "./samples.ts"
import { heads } from "./slurm.sample.ts"
import { type Case, ours } from "./slurm-mapping.ts"

/** Their classes, and which of ours say the same. An auth failure that is about one request is a refusal of it. */
const classes: Readonly<Record<string, readonly ErrorClass[]>> = {
  transient_manager_down: ["transient"],
  transient_busy: ["busy", "limit"],
  permanent_bad_request: ["rejected", "gone"],
  permanent_limit_retry_later: ["limit"],
  auth: ["auth", "rejected"],
  unknown_job: ["unknown-job"],
  already_finished: ["unknown-job"],
  outcome_unknown: ["in-doubt"],
}

/** Where we differ, and why. */
const differs: Readonly<Record<string, readonly ErrorClass[]>> = {
  // slurmctld could not save the script: an answer of its own, and worth another try at the usual pace.
  "I/O error writing script/environment to file": ["transient"],
  // sbatch says so while it waits; where it was ended then, the request may have gone out.
  "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying": ["in-doubt"],
}

/** Their line does not have the separators that their command asks for. */
const garbled: ReadonlySet<string> = new Set(["parse/slurm/068"])

/** Our state in their words. They have one for a job that is cleaning up; ours still has processes: running. */
function normalised({ state, outcome }: Evidence): string {
  if (state === null) return "unknown"
  if (outcome === null) return state
  const causes: Readonly<Record<string, string>> = {
    timeout: "timeout",
    "node-failure": "node_fail",
    preempted: "preempted",
    "out-of-memory": "out_of_memory",
  }
  return causes[outcome.cause ?? ""] ?? outcome.state
}

const same = (state: string): string => (state === "completing" ? "running" : state)

function outcomeOf<T>(work: () => T): { value: T } | { class: ErrorClass } {
  try {
    return { value: work() }
  } catch (error) {
    if (error instanceof HawserError) return { class: error.class }
    throw error
  }
}

const tell = (what: string, ran: number, all: number, why: string): void =>
  console.info(`${what}: ${ran} of ${all} cases ran${ran === all ? "" : `; the others ${why}`}`)

describe.skipIf(shared === null)(`cases of other projects${withoutShared}`, () => {
  test("every native state means what they say, or one of the answers they accept", () => {
    const { states } = JSON.parse(sharedText("cases/states-slurm.json")) as {
      states: Record<string, { normalised: string; acceptable: string[] }>
    }
    for (const [word, { acceptable }] of Object.entries(states)) {
      const listing = ours({ command: "squeue -h -o '%i|%T'", stdout: `77|${word}\n` })
      const [evidence] = readQueue(resultOf({ stdout: heads.squeue + (listing?.text ?? "") })).evidence
      expect(acceptable.map(same), word).toContain(evidence === undefined ? "nothing" : normalised(evidence))
    }
    tell("states-slurm", Object.keys(states).length, Object.keys(states).length, "")
  })

  test("every error text has their class", () => {
    interface Entry {
      readonly text: string
      readonly class: string
    }
    const { entries } = JSON.parse(sharedText("cases/errors-slurm.json")) as { entries: Entry[] }
    for (const { text, class: theirs } of entries) {
      const found = slurm.classify(resultOf({ exitCode: 1, stderr: text }))
      expect(differs[text] ?? classes[theirs] ?? [], text).toContain(found)
    }
    tell("errors-slurm", entries.length, entries.length, "")
  })

  test("answers to submissions give their id, or at least no wrong one", () => {
    const all = sharedLines<Case & { expect: { id: string | null; cluster?: string; class?: string } }>(
      "cases/submit-slurm.jsonl",
    )
    const ran = all.filter(({ stdout }) => !/granted job allocation/.test(stdout))
    for (const { case: name, expect: theirs, tags = [], ...printed } of ran) {
      const answer = outcomeOf(() => slurm.submit(submissionOf()).parse(result(printed)).nativeId)
      const id = theirs.id === null || theirs.cluster === undefined ? theirs.id : `${theirs.id};${theirs.cluster}`
      if (id === null) expect.soft(answer, name).toEqual({ class: expect.any(String) as string })
      else if (tags.includes("noise") && "class" in answer) expect(answer.class, name).toBe("in-doubt")
      else expect.soft(answer, name).toEqual({ value: id })
      if (theirs.class !== undefined) expect(classes[theirs.class], name).toContain("class" in answer && answer.class)
    }
    tell("submit-slurm", ran.length, all.length, "are salloc's, which we never call")
  })

  test("answers to cancelling succeed or fail as they say", () => {
    const all = sharedLines<Case & { expect: { ok: boolean; class?: string } }>("cases/cancel-slurm.jsonl")
    for (const { case: name, expect: theirs, ...printed } of all) {
      const [command] = slurm.cancel([nativeOf("4711")], { force: false, owner: 1 })
      const answer = outcomeOf(() => command?.parse(result(printed)))
      // A job that is not known leaves nothing to cancel, also where scancel ends with 1.
      if (theirs.ok || theirs.class === "unknown_job") expect.soft(answer, name).toEqual({ value: undefined })
      else expect(classes[theirs.class ?? ""], name).toContain("class" in answer && answer.class)
    }
    tell("cancel-slurm", all.length, all.length, "")
  })

  test("what squeue and sacct printed, in the form in which we ask for it, means what they say", () => {
    const all = sharedLines<Case>("cases/parse-slurm.jsonl")
    let ran = 0
    for (const one of all) {
      const listing = garbled.has(one.case ?? "") ? null : ours(one)
      if (listing === null) continue
      ran++
      const read = listing.program === "sacct" ? readAccounting : readQueue
      const answer = outcomeOf(() => read(resultOf({ ...result(one), stdout: heads[listing.program] + listing.text })))
      const { error, class: theirs } = one.expect ?? {}
      if (error === true && theirs !== undefined && "class" in answer)
        expect.soft(classes[theirs], one.case).toContain(answer.class)
      else if ("value" in answer) expectJobs(one, answer.value)
      else expect.soft(answer, one.case).toEqual({ value: "an answer" })
    }
    tell(
      "parse-slurm",
      ran,
      all.length,
      "are of commands or columns that we never ask for (scontrol show job, --json, tables)",
    )
    expect(ran).toBeGreaterThan(50)
  })

  test("the jobs of their JSON, in the columns that we ask for instead, are what they say", () => {
    const all = sharedLines<JsonCase>("cases/slurm-json.jsonl")
    let ran = 0
    for (const { command, expect: theirs } of all) {
      const { jobs = [] } = theirs
      if (jobs.length > 0) ran++
      for (const job of jobs) {
        const program = /sacct|slurmdb/.test(command) ? "sacct" : "squeue"
        const read = program === "sacct" ? readAccounting : readQueue
        const { evidence, unread } = read(resultOf({ stdout: heads[program] + rowOf(program, job) }))
        expect.soft(unread, command).toEqual([])
        const [seen] = evidence
        expect.soft(seen?.nativeId, command).toBe(idIn(job))
        expect
          .soft(seen === undefined ? "nothing" : same(normalised(seen)), `${command} ${job.id}`)
          .toBe(job.normalised)
        // Of some that failed the JSON says 0.
        if (seen?.outcome?.cause === "exit") expect.soft(seen.outcome.exitCode, job.id).toBe(job.exit_code || null)
        if (seen?.outcome?.cause === "signal") expect.soft(job.signal, job.id).toBeGreaterThan(0)
      }
    }
    console.info("slurm-json: 0 cases are of commands that we issue: squeue --json is silent where Slurm is down")
    tell("slurm-json, as columns", ran, all.length, "tell of no job, or answer a submission or a cancel")
    expect(ran).toBeGreaterThan(60)
  })

  test("an id that stands for elements of an array is each of them", () => {
    const all = sharedLines<{ kind: string; text: string; expect: string[] }>("cases/hostlist.jsonl")
    const ids = all.filter(({ kind }) => kind === "slurm_array_job_id")
    for (const { text, expect: elements } of ids) expect(membersOf(text), text).toEqual(elements)
    tell("slurm_array_job_id", ids.length, ids.length, "")
  })
})

function result(printed: Pick<Case, "stdout" | "stderr" | "exit_code">): CommandResult {
  return resultOf({ stdout: printed.stdout, stderr: printed.stderr ?? "", exitCode: printed.exit_code ?? 0 })
}

function expectJobs(one: Case, listing: Listing): void {
  const jobs = one.expect?.jobs ?? []
  const found = listing.evidence
  // What is not known is not over: only accounting or our own record can say how it ended.
  if (listing.coverage === "none" || one.exit_code !== 0) return expect.soft(found, one.case).toEqual([])
  expect.soft(found.map((evidence) => evidence.nativeId).sort(), one.case).toEqual(jobs.map(idOf).sort())
  for (const job of jobs) {
    const evidence = found.find(({ nativeId }) => nativeId === idOf(job))
    if (evidence === undefined) continue
    const accepted = job.acceptable ?? [job.normalised]
    expect.soft(accepted.map(same), `${one.case} ${job.id}`).toContain(normalised(evidence))
    const { cause, exitCode } = evidence.outcome ?? {}
    if (cause === "exit" && exitCode !== null && job.exit_code !== undefined)
      expect.soft(exitCode, one.case).toBe(job.exit_code)
    if (cause === "signal") expect.soft(job.signal, one.case).toBeGreaterThan(0)
    if (job.reason !== undefined && evidence.reason !== null) expect.soft(evidence.reason, one.case).toBe(job.reason)
  }
}

interface JsonCase {
  readonly command: string
  readonly expect: { readonly jobs?: readonly JsonJob[] }
}

interface JsonJob {
  readonly id: string
  readonly native: readonly string[]
  readonly normalised: string
  readonly reason?: string
  readonly nodes?: string
  readonly submit?: number
  readonly start?: number | null
  readonly end?: number | null
  readonly exit_code?: number | null
  readonly signal?: number | null
  readonly array_job_id?: string | number
  readonly array_task_id?: string | number
}

/** One of them has "infinite" for an index, as the schema's own example. */
function idIn({ id, array_job_id: array, array_task_id: task }: JsonJob): string {
  return /^\d+$/.test(String(task)) ? `${array}_${task}` : id
}

/** Of several words the text has the flag, and all of theirs that have one have no other. */
function rowOf(program: "squeue" | "sacct", job: JsonJob): string {
  const [id, word] = [idIn(job), job.native.at(-1) ?? ""]
  const [code, signal] = [job.exit_code ?? 0, job.signal ?? 0]
  const times = [job.submit, job.start, job.end].map((time) => String(time ?? "Unknown"))
  const told =
    program === "squeue"
      ? [id, word, job.reason ?? "None", ...times, "0", String((code << 8) | signal)]
      : [id, word, `${code}:${signal}`, job.reason ?? "None", ...times]
  return [...told, job.nodes ?? "", "rig", "hzcase000000000", "\n"].join("\x1f")
}

/** Some cases call their job "job_id". */
function idOf(job: { readonly id: string }): string {
  return job.id === "job_id" ? "1" : job.id
}
