/** A dialect for docs and tests: `toy`, a manager of our own invention with four commands and no accounting. */
import type { Command, CommandResult } from "../../src/command.ts"
import { type ErrorClass, SchedulerError } from "../../src/errors.ts"
import type { Evidence, LiveState } from "../../src/job/index.ts"
import { type Listing, type Native, type Scheduler, tokenOf } from "../../src/schedulers/index.ts"

const states: Readonly<Record<string, LiveState | undefined>> = {
  waiting: "queued",
  busy: "running",
  frozen: "suspended",
}

export const toy: Scheduler = {
  name: "toy",
  features: { accounting: false, hold: false, suspend: false, arrays: false, requeue: false, countsResources: false },
  foreignVariables: ["TOY_*"],
  jobVariables: { nativeId: "TOY_ID", restarts: null },
  nativeNameMax: 40,

  directives: ({ nativeName, spec }) => [`#TOY name ${nativeName}`, `#TOY tasks ${spec.resources.tasks ?? 1}`],
  submit: ({ script, token }) => ({
    argv: ["toy", "submit", "--mark", token, script],
    timeoutMs: 60_000,
    parse: (result) => {
      const nativeId = /^taken as (\d+)$/m.exec(result.stdout)?.[1]
      if (result.exitCode === 0 && !result.timedOut && nativeId !== undefined) return { nativeId, submitTime: null }
      // Only what toy is known to say before it has taken a job excludes that it did.
      const refused = result.timedOut ? null : failureOf(result)
      throw failed(result, refused ?? "in-doubt")
    },
  }),
  queue: list,
  history: () => null,
  look: (natives) => (natives.length === 0 ? [] : [list()]),
  cancel: (natives) =>
    natives.map((native) => ({
      argv: ["toy", "cancel", native.nativeId ?? "any", "--if-name", native.nativeName],
      timeoutMs: 60_000,
      parse: (result) => {
        if (result.exitCode !== 0 || result.timedOut) throw failed(result, "in-doubt")
      },
    })),
  hold: () => null,
  release: () => null,
  suspend: () => null,
  resume: () => null,
  probe: () => ({
    argv: ["toy", "version"],
    timeoutMs: 10_000,
    parse: (result) => ({ version: answer(result).trim(), facts: {} }),
  }),
  classify: (result) => failureOf(result) ?? (result.timedOut ? "in-doubt" : "transient"),
}

/** `id state name`, and a last line `end`: without it the list was cut short. */
function list(_natives: readonly Native[] = []): Command<Listing> {
  return {
    argv: ["toy", "list", "--mine"],
    timeoutMs: 60_000,
    parse: (result) => {
      const lines = answer(result).split("\n").slice(0, -1)
      const ended = lines.at(-1) === "end"
      const records = (ended ? lines.slice(0, -1) : lines).map((line) => ({
        line,
        match: /^(\d+) (\w+) (.*)$/.exec(line),
      }))
      const unread = records.filter(({ match }) => match === null).map(({ line }) => line)
      const evidence = records.flatMap(({ match }) => (match === null ? [] : evidenceOf(match)))
      if (ended && unread.length === 0) return { evidence, unread, coverage: "complete", trouble: null }
      return {
        evidence,
        unread,
        coverage: "partial",
        trouble: ended ? `not a record: ${unread[0]}` : "The list was cut short.",
      }
    },
  }
}

function evidenceOf([, nativeId = "", word = "", name = ""]: RegExpExecArray): Evidence[] {
  const token = tokenOf(name)
  if (token === null) return []
  const told = { source: "queue", token, nativeId, word, state: states[word] ?? null } as const
  const untold = { reason: null, submitTime: null, startedAt: null, endedAt: null, host: null, restarts: null }
  return [{ ...told, ...untold, seenAt: 0, outcome: null }]
}

function answer(result: CommandResult): string {
  if (result.exitCode === 0 && !result.timedOut) return result.stdout
  throw failed(result, failureOf(result) ?? "transient")
}

function failureOf({ stderr }: CommandResult): ErrorClass | null {
  if (stderr.includes("toyd is asleep")) return "transient"
  return stderr.includes("no such toy") ? "rejected" : null
}

function failed(result: CommandResult, kind: ErrorClass): SchedulerError {
  return new SchedulerError("TOY_FAILED", { summary: "toy failed.", reason: result.stderr.trim(), class: kind })
}
