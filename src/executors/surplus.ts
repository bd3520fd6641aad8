/**
 * Surplus: natives that carry a token of ours and must not run: its attempt is over or fenced, or another native serves it, the one
 * that the judge looks at.
 */
import {
  type AnyEventBody,
  type Attempt,
  type Evidence,
  currentAttempt,
  isFinal,
  isForsaken,
  looseEndOf,
} from "../job/index.ts"
import { type Native, isSameNative } from "../schedulers/scheduler.ts"
import { type Findings, evidenceOf as serving } from "./ask.ts"
import type { Desk } from "./desk.ts"
import { appendAll, chunks } from "./each.ts"
import type { Live } from "./link.ts"
import type { Watch } from "./watch.ts"
import type { Watched } from "./watched.ts"

/** Natives in one go. */
const nativesPerCall = 200

/** One that must not run, and what it was for. */
export interface Surplus extends Watched {
  readonly native: Native
}

/**
 * Live natives whose token is known in this state directory and whose attempt has no need of them. What was abandoned
 * keeps its natives until its guard has been tried.
 */
export function surplusOf(desk: Pick<Desk, "book">, findings: Findings): Surplus[] {
  const surplus: Surplus[] = []
  for (const [token, evidence] of findings.evidence) {
    const known = desk.book.byToken(token)
    if (known === undefined) continue
    const { nativeName, directory, fence } = known.attempt
    const isUntried = fence === null || fence === "intended"
    if (isUntried && looseEndOf(known.job, known.attempt) === "tombstone") continue
    for (const seen of evidence.filter(isLive)) {
      const isNeeded = isOver(known) ? isEnding(known.attempt, findings, seen) : serving(known, findings).includes(seen)
      if (!isNeeded) surplus.push({ ...known, native: { token, nativeName, nativeId: seen.nativeId, directory } })
    }
  }
  return surplus
}

function isOver({ job, attempt }: Watched): boolean {
  return (
    isFinal(job.state) ||
    attempt.outcome !== null ||
    attempt.fence === "won" ||
    currentAttempt(job)?.token !== attempt.token
  )
}

/**
 * The one that has run the payload to its end, and that the manager still clears away (a long epilog). Queued, it would
 * be a start to come; and a cancel is not done before the native is gone.
 */
function isEnding({ token, outcome, evidence, nativeId }: Attempt, findings: Findings, seen: Evidence): boolean {
  // One that did not know its id is the one that was accepted, as far as anybody knows.
  const isIt = (id: string | null): boolean => isSameNative(id === "-" ? nativeId : id, seen.nativeId)
  const hasRecord = evidence.some((one) => one.source === "record" && isIt(one.nativeId))
  const exit = findings.records.get(token)?.exits.at(-1)
  const hasEnded = exit?.wrapperSignal === null && isIt(exit.nativeId)
  return (hasRecord || hasEnded) && seen.state === "running" && outcome?.state !== "cancelled"
}

/** TERM, then KILL, until they are gone. The job tells of each that it has not cancelled itself, before anything is done. */
export async function cancelSurplus(
  desk: Desk,
  watch: Watch,
  live: Live,
  surplus: readonly Surplus[],
  signal: AbortSignal,
): Promise<void> {
  const keyOf = ({ native }: Surplus): string => `${native.token} ${native.nativeId}`
  const due = surplus.map((one) => ({ one, how: watch.cancelDue(keyOf(one), desk.pace.killAfterMs) }))
  await tell(
    desk,
    due.flatMap(({ one, how }) => (how === null ? [] : [one])),
  )
  for (const how of ["term", "kill"] as const) {
    const some = due.flatMap((each) => (each.how === how ? [each.one] : []))
    if (some.length === 0) continue
    const ids = some.map(({ native }) => native.nativeId)
    desk.log.warn({ natives: ids, how }, "natives that nobody needs are cancelled")
    for (const part of chunks(some, nativesPerCall)) {
      const natives = part.map(({ native }) => native)
      await live.cancel(desk.scheduler, natives, { force: how === "kill" }, signal)
      for (const one of part) watch.cancelSent(keyOf(one))
    }
  }
}

/** Once for each native. */
async function tell(desk: Desk, surplus: readonly Surplus[]): Promise<void> {
  const groups = surplus.flatMap((one): AnyEventBody[][] => {
    const text = noteOn(desk.name, one)
    return text === null || one.job.notes.includes(text) ? [] : [[{ job: one.job.id, type: "note", text }]]
  })
  await appendAll(desk, groups)
}

/** Null: a cancel or the like of which the job knows, repeated. */
function noteOn(executor: string, { job, attempt, native }: Surplus): string | null {
  const what = `Native ${native.nativeId} of ${attempt.token} was found on ${executor} and is cancelled`
  if (!isSameNative(native.nativeId, attempt.nativeId) && !isOver({ job, attempt }))
    return `${what}: another one serves the attempt.`
  const kind = looseEndOf(job, attempt)
  if (isForsaken(job, attempt)) return `${what}: it was abandoned.`
  if (kind === "lost") return `${what}: it had been called lost.`
  if (currentAttempt(job)?.token !== attempt.token) return `${what}: another attempt has followed.`
  return isSameNative(native.nativeId, attempt.nativeId) ? null : `${what}: the attempt is over.`
}

/** What lives in accounting alone is no sighting: it may never get to know an end. */
function isLive(seen: Evidence): boolean {
  return seen.state !== null && seen.state !== "ended" && seen.source !== "accounting"
}
