/** Runs a dialect against the cases of other projects' test suites, where they stand beside the repository. */
import { describe, expect, test } from "vitest"
import type { CommandResult } from "../../src/command.ts"
import { type ErrorClass, HawserError } from "../../src/errors.ts"
import type { Evidence } from "../../src/job/index.ts"
import type { Listing, Scheduler } from "../../src/schedulers/index.ts"
import { shared, sharedLines, sharedText, withoutShared } from "../support/shared.ts"
import { nativeOf, resultOf, submissionOf } from "./samples.ts"

/** One job as a case tells it; `name` is one of ours. */
export interface TheirJob {
  readonly id: string
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

export interface Applied {
  readonly scheduler: Scheduler
  /** Theirs: `cases/*-<name>.jsonl`. */
  readonly name: string
  /** What the queue or the history prints of these jobs, in the form in which we ask; the word is `attributes.state`. */
  readonly printed: (jobs: readonly TheirJob[]) => string
  /** Reads that. */
  readonly read: (result: CommandResult) => Listing
  /** What their command printed, as jobs; null for one that we never use. */
  readonly jobsOf: (one: Case) => readonly TheirJob[] | null
  /** Why not all cases of `jobsOf` apply. */
  readonly otherwise: string
  /** Texts on whose class we differ, and the classes that we take; each with its reason at hand. */
  readonly differs?: Readonly<Record<string, readonly ErrorClass[]>>
  /** Submissions whose id is none that this manager prints, with the reason. */
  readonly noIds?: Readonly<Record<string, string>>
  /** Our cancel goes by another way than their command: how the answer looks then. */
  readonly idOf?: (id: string) => string
  /** Cases whose states say less than we are told, with the reason. */
  readonly apart?: Readonly<Record<string, string>>
}

export interface Case {
  readonly case: string
  readonly command: string | null
  readonly stdout: string
  readonly stderr?: string
  readonly exit_code?: number | null
  readonly expect: {
    readonly id?: string | null
    readonly ok?: boolean
    readonly class?: string | null
    readonly error?: boolean
    readonly jobs?: readonly {
      readonly id: string | null
      readonly normalised: string
      readonly acceptable?: readonly string[]
    }[]
  }
}

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

export function foreignCases(applied: Applied): void {
  const { scheduler, name, differs = {}, noIds = {}, apart = {} } = applied
  const has = (kind: string, ending = "jsonl"): boolean => {
    try {
      sharedText(`cases/${kind}-${name}.${ending}`)
      return true
    } catch {
      return false
    }
  }
  const lines = (kind: string): readonly Case[] => (has(kind) ? sharedLines<Case>(`cases/${kind}-${name}.jsonl`) : [])

  describe.skipIf(shared === null)(`${scheduler.name} and the cases of other projects${withoutShared}`, () => {
    test("every native state means what they say, or one of the answers they accept", () => {
      const { states } = JSON.parse(sharedText(`cases/states-${name}.json`)) as {
        states: Record<string, { acceptable: string[] }>
      }
      for (const [word, { acceptable }] of Object.entries(states)) {
        const listing = applied.read(resultOf({ stdout: applied.printed([jobOf("77", { state: word })]) }))
        expect.soft(acceptable.map(same), word).toContain(normalised(listing.evidence[0]))
      }
      tell(`states-${name}`, Object.keys(states).length, Object.keys(states).length)
    })

    test("every error text has their class", () => {
      const { entries } = JSON.parse(sharedText(`cases/errors-${name}.json`)) as {
        entries: { text: string; class: string | null }[]
      }
      const ran = entries.filter((entry) => entry.class !== null && !entry.text.startsWith("("))
      for (const { text, class: theirs } of ran) {
        const found = scheduler.classify(resultOf({ exitCode: 1, stderr: `${text}\n` }))
        expect.soft(differs[text] ?? classes[theirs ?? ""] ?? [], text).toContain(found)
      }
      tell(`errors-${name}`, ran.length, entries.length, "are no error, or a silence")
    })

    test.skipIf(shared !== null && !has("submit"))("answers to submissions give their id, or no wrong one", () => {
      const all = lines("submit")
      const ran = all.filter((one) => noIds[one.case] === undefined)
      for (const one of ran) {
        const answer = outcomeOf(() => scheduler.submit(submissionOf()).parse(resultFrom(one)).nativeId)
        const id = one.expect.id ?? null
        if (id !== null) expect.soft(answer, one.case).toEqual({ value: applied.idOf?.(id) ?? id })
        // Refused by them for what stands around it: an id that is right does no harm.
        else if (one.expect.class === undefined && "value" in answer) expect(one.stdout).toContain(answer.value)
        else expect.soft(answer, one.case).toEqual({ class: expect.any(String) as string })
        const theirs = one.expect.class
        if (typeof theirs === "string" && one.exit_code !== null)
          expect.soft(classes[theirs], one.case).toContain("class" in answer && answer.class)
      }
      tell(`submit-${name}`, ran.length, all.length, Object.values(noIds).join("; "))
    })

    test.skipIf(shared !== null && !has("cancel"))("answers to cancelling succeed or fail as they say", () => {
      const all = lines("cancel")
      for (const one of all) {
        const [command] = scheduler.cancel([nativeOf("4711")], { force: false, owner: 1 })
        const answer = outcomeOf(() => command?.parse(resultFrom(one)))
        // A job that is not known leaves nothing to cancel.
        if (one.expect.ok === true || one.expect.class === "unknown_job")
          expect.soft(answer, one.case).toEqual({ value: undefined })
        else expect.soft(classes[one.expect.class ?? ""], one.case).toContain("class" in answer && answer.class)
      }
      tell(`cancel-${name}`, all.length, all.length)
    })

    test("what they were told of jobs, in the form in which we ask for it, means what they say", () => {
      const all = lines("parse")
      let ran = 0
      for (const one of all) {
        const jobs = apart[one.case] === undefined ? applied.jobsOf(one) : null
        if (jobs === null) continue
        ran++
        const listing = applied.read(resultOf({ stdout: applied.printed(jobs) }))
        expect.soft(listing, one.case).toMatchObject({ coverage: "complete", unread: [] })
        const wanted = (one.expect.jobs ?? []).map((job) => ({
          ...job,
          id: job.id === null ? null : (applied.idOf?.(job.id) ?? job.id),
        }))
        expect
          .soft(listing.evidence.map(({ nativeId }) => nativeId).sort(), one.case)
          .toEqual(wanted.map(({ id }) => id).sort())
        for (const { id, normalised: state, acceptable } of wanted) {
          const evidence = listing.evidence.find(({ nativeId }) => nativeId === id)
          expect.soft((acceptable ?? [state]).map(same), `${one.case} ${id}`).toContain(normalised(evidence))
        }
      }
      tell(`parse-${name}`, ran, all.length, [applied.otherwise, ...Object.values(apart)].join("; "))
      expect(ran).toBeGreaterThan(0)
    })
  })
}

export function jobOf(id: string, attributes: Readonly<Record<string, string>>): TheirJob {
  return { id, name: "hzcase000000000-theirs", attributes }
}

/** Blocks of `Job Id: X` with lines `    name = value`, as qstat -f prints them; a TAB continues the line before. */
export function qstatBlocks(text: string, head: string): TheirJob[] {
  return text
    .replaceAll(/\n\t/g, "")
    .split(head)
    .slice(1)
    .map((block) => {
      const [id = "", ...lines] = block.split("\n")
      const attributes = lines.flatMap((line) => {
        const [, key, value] = /^\s+([\w.]+) = (.*)$/.exec(line) ?? []
        return key === undefined || value === undefined || key === "Job_Name" ? [] : [[key, value] as const]
      })
      return jobOf(id.trim(), Object.fromEntries(attributes))
    })
}

function resultFrom(one: Case): CommandResult {
  // Ended by our own time-out, theirs says null.
  const timedOut = one.exit_code === null
  return resultOf({
    stdout: one.stdout,
    stderr: one.stderr ?? "",
    exitCode: one.exit_code ?? (timedOut ? 143 : 0),
    timedOut,
  })
}

function outcomeOf<T>(work: () => T): { value: T } | { class: ErrorClass } {
  try {
    return { value: work() }
  } catch (error) {
    if (error instanceof HawserError) return { class: error.class }
    throw error
  }
}

/** Our state in their words. They have one for a job that is cleaning up; ours still has processes: running. */
function normalised(evidence: Evidence | undefined): string {
  if (evidence === undefined) return "nothing"
  if (evidence.state === null) return "unknown"
  const { outcome } = evidence
  if (outcome === null) return evidence.state
  const causes: Readonly<Record<string, string>> = {
    timeout: "timeout",
    "node-failure": "node_fail",
    preempted: "preempted",
    "out-of-memory": "out_of_memory",
  }
  return causes[outcome.cause ?? ""] ?? outcome.state
}

function same(state: string): string {
  return state === "completing" ? "running" : state
}

function tell(what: string, ran: number, all: number, why = ""): void {
  console.info(`${what}: ${ran} of ${all} cases ran${ran === all ? "" : `; the others ${why}`}`)
}
