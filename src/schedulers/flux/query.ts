/** flux jobs --json: this user's jobs, on one line. Without `-c 0` it would stop at 1000, and not say so. */
import { z } from "zod"
import type { Command, CommandResult } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import { type Listing, type Native, tokenOf } from "../scheduler.ts"
import { failures } from "./failures.ts"
import { meaningOf } from "./states.ts"

const timeoutMs = 120_000
const everything = ["flux", "jobs", "-a", "-c", "0", "--json"]

/** What is not over. */
export function queue(): Command<Listing> {
  return { argv: ["flux", "jobs", "-c", "0", "--json"], timeoutMs, parse: read }
}

/** Those whose ids are known by these: the list of all that ever ended takes seconds. A list of ids has no limit (1,100 were told). */
export function history(natives: readonly Native[]): Command<Listing> {
  const ids = natives.flatMap(({ nativeId }) => nativeId ?? [])
  const argv = ids.length > 0 && ids.length === natives.length ? ["flux", "jobs", "--json", ...ids] : everything
  return { argv, timeoutMs, parse: read }
}

/** A name costs as much as a list of a thousand. */
const namesAtMost = 4

export function look(natives: readonly Native[]): readonly Command<Listing>[] {
  if (natives.length === 0) return []
  if (natives.length > namesAtMost) return [{ argv: everything, timeoutMs, parse: read }]
  return natives.map(({ nativeName }) => ({ argv: [...everything, `--name=${nativeName}`], timeoutMs, parse: read }))
}

const text = z.string().nullish().catch(null)
const number = z.number().nullish().catch(null)
const job = z.object({
  id: z.string(),
  state: z.string(),
  name: text,
  result: text,
  urgency: number,
  returncode: number,
  nodelist: text,
  t_submit: number,
  t_run: number,
  t_inactive: number,
  dependencies: z.array(z.string()).nullish().catch(null),
  exception: z.object({ occurred: z.boolean(), severity: number, type: text, note: text }).nullish().catch(null),
})
const answer = z.object({ jobs: z.array(z.unknown()) })

type Job = z.infer<typeof job>

function read(result: CommandResult): Listing {
  failures.expectAnswer(result, "flux jobs", ["unknown-job"])
  const lines = result.stdout.split("\n").filter((line) => line.trim() !== "")
  const isUnknown = failures.failureOf(result.stderr)?.class === "unknown-job"
  const at = lines.findIndex((line) => line.startsWith("{"))
  if (at === -1) {
    // A single id that it does not know.
    if (lines.length === 0 && isUnknown) return { evidence: [], unread: [], coverage: "complete", trouble: null }
    return partial([], lines, lines.length === 0 ? "flux jobs printed nothing." : "flux jobs printed no list.")
  }
  const jobs = jobsIn(lines[at] ?? "")
  if (jobs === null) return partial([], lines, "flux jobs printed no whole list.")
  const records = jobs.map((one) => job.safeParse(one))
  const evidence = records.flatMap(({ data }) => (data === undefined ? [] : evidenceOf(data)))
  const unread = [
    ...lines.filter((_, index) => index !== at),
    ...jobs.filter((_, index) => records[index]?.success !== true).map((one) => JSON.stringify(one).slice(0, 200)),
  ]
  if (unread.length > 0) return partial(evidence, unread, `flux jobs printed what is no job: ${unread[0]}`)
  return { evidence, unread, coverage: "complete", trouble: null }
}

/** For a single id it prints the job alone. Ids pass 2^53 in an instance of some days, so they are read as text. */
function jobsIn(line: string): readonly unknown[] | null {
  const value = parsed(line.replaceAll(/"id": ?(\d+)(?=[,}])/g, '"id":"$1"'))
  if (typeof value !== "object" || value === null) return null
  if ("id" in value) return [value]
  return answer.safeParse(value).data?.jobs ?? null
}

function evidenceOf(one: Job): Evidence[] {
  const token = tokenOf(one.name ?? "")
  if (token === null || !/^\d+$/.test(one.id)) return []
  const result = one.result ?? null
  const exception = one.exception?.occurred === true ? one.exception : null
  const note = exception?.note ?? ""
  const meaning = meaningOf({
    state: one.state,
    result,
    urgency: one.urgency ?? null,
    returnCode: one.returncode ?? null,
    fatal: exception?.severity === 0 ? { type: exception.type ?? "", note } : null,
  })
  const outcome = meaning !== null && "outcome" in meaning ? meaning.outcome : null
  const live = meaning !== null && "live" in meaning ? meaning.live : null
  return [
    {
      source: "queue",
      token,
      nativeId: one.id,
      seenAt: 0,
      word: one.state === "INACTIVE" && result !== null ? result : one.state,
      state: outcome === null ? live : "ended",
      outcome,
      reason: reasonOf(one),
      // Digits behind the second differ between what was submitted and what was read back after a restart.
      submitTime: one.t_submit === null || one.t_submit === undefined ? null : String(Math.floor(one.t_submit)),
      startedAt: millis(one.t_run),
      endedAt: outcome === null ? null : millis(one.t_inactive),
      host: hostOf(one.nodelist ?? ""),
      restarts: null,
    },
  ]
}

/** A note is written by whoever raised the exception, and may be empty. */
function reasonOf({ state, exception, dependencies }: Job): string | null {
  if (exception?.occurred === true) return [exception.type, exception.note].filter((part) => part).join(": ") || null
  if (state !== "DEPEND" || dependencies === null || dependencies === undefined) return null
  return dependencies.join(", ") || null
}

/** The first of `n[3-5,7],m1`. */
function hostOf(nodes: string): string | null {
  const [, head = "", number = "", tail = ""] = /^([\w.-]+)(?:\[(\d+)[^\]]*\])?([\w.-]*)/.exec(nodes) ?? []
  return head + number + tail || null
}

function millis(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined || seconds <= 0 ? null : Math.round(seconds * 1000)
}

function partial(evidence: readonly Evidence[], unread: readonly string[], trouble: string): Listing {
  return { evidence, unread, coverage: "partial", trouble: trouble.slice(0, 200) }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return null
  }
}
