/** Collect: stdout, stderr and outputs of what has ended come back, and only then the job is over. */
import { HawserError } from "../errors.ts"
import { type AnyEventBody, type Job, currentAttempt, restartsOf } from "../job/index.ts"
import { collectJobs } from "../remote/staging.ts"
import { type CollectReply, isWhole } from "../remote/unpack.ts"
import { readRecords } from "../remote/records.ts"
import { type Desk, tellWaiting } from "./desk.ts"
import { appendAll, chunks } from "./each.ts"
import type { Live } from "./link.ts"
import { giveUpLost, retryThose } from "./retry.ts"
import { forgetTests } from "./showing.ts"
import type { Tries } from "./tries.ts"

/** Jobs whose results travel as one stream. */
const chunkJobsMax = 50

/**
 * Outputs that don't match the wrapper's list are asked for again after so long each: a client of NFS may show an old
 * directory or size for a minute. (acdirmax and acregmax, 60 s; nfs(5))
 */
const mismatchWaitsMs = [2_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000] as const

/** Between two looks whether there is room on this side again, and after a stream that was cut. */
const patienceMs = 10_000

/** One pass over all that has ended. Returns milliseconds until those that did not come back whole are read again. */
export async function collectPass(desk: Desk, tries: Tries, signal: AbortSignal): Promise<number | null> {
  await giveUpLost(desk, signal)
  await retryThose(desk)
  const ended = desk.book.in("collecting")
  await finishWithoutOutputs(desk, ended)
  const due = ended.filter((job) => hasOutputs(job) && tries.waitMs(tokenOfJob(job)) === 0)
  if (due.length > 0) {
    const live = await desk.link.session(signal, "collect")
    for (const chunk of streamsOf(tries, due)) await collectChunk(desk, tries, live, chunk, signal)
  }
  await forgetTests(desk)
  const waits = desk.book.in("collecting").map((job) => tries.waitMs(tokenOfJob(job)))
  return waits.length === 0 ? null : Math.min(...waits)
}

/** What has failed before travels alone: it must not cut the stream of others again. */
function streamsOf(tries: Tries, due: readonly Job[]): readonly (readonly Job[])[] {
  const alone = due.filter((job) => tries.has(tokenOfJob(job)))
  const together = due.filter((job) => !tries.has(tokenOfJob(job)))
  return [...chunks(together, chunkJobsMax), ...alone.map((job) => [job])]
}

/** What never ran has nothing to bring back. A manager need not tell when it started what it shows as running. */
function hasOutputs(job: Job): boolean {
  const attempt = currentAttempt(job)
  if (attempt === null) return false
  // Also one that was fenced: before a start to come, it has what the one before left.
  if (restartsOf(attempt) > 0) return true
  if (attempt.fence === "won") return false
  const wasSeen = attempt.lastSeen !== null && ["running", "suspended"].includes(attempt.lastSeen.state ?? "")
  return wasSeen || attempt.startedAt !== null || attempt.evidence.some((seen) => seen.source === "record")
}

async function finishWithoutOutputs(desk: Desk, ended: readonly Job[]): Promise<void> {
  const events = ended.filter((job) => !hasOutputs(job)).flatMap((job) => finished(job))
  if (events.length > 0) await desk.store.append(events)
}

async function collectChunk(
  desk: Desk,
  tries: Tries,
  live: Live,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<void> {
  const replies = await receive(desk, live, jobs, signal).catch((error: unknown) => cut(error))
  const waiting = new Map<string, string>()
  const groups: AnyEventBody[][] = []
  for (const job of jobs) {
    const token = tokenOfJob(job)
    const reply = replies instanceof HawserError ? undefined : replies.get(token)
    const hindrance = replies instanceof HawserError ? replies : (reply?.failure ?? null)
    if (hindrance !== null && hindrance.class !== "rejected") {
      tries.failed(token, patienceMs, false)
      waiting.set(job.id, hindrance.message)
    } else if ((isBack(reply) && !isUnlisted(job, reply)) || mismatchWaitsMs[tries.count(token)] === undefined) {
      groups.push(collected(desk, job, reply))
      tries.forget(token)
    } else tries.failed(token, mismatchWaitsMs[tries.count(token)] ?? 0, true)
  }
  await tellWaiting(desk, waiting)
  await appendAll(desk, groups)
}

/** A stream that was cut says nothing against the manager; what came of it is read again, each job by itself. */
function cut(error: unknown): HawserError {
  if (error instanceof HawserError && error.code === "COLLECT_CUT") return error
  throw error
}

async function receive(
  desk: Desk,
  live: Live,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<Map<string, Collected>> {
  const records = await live.session.ask(readRecords(live.place.home, jobs.map(tokenOfJob)), signal)
  const expected = new Map(records.map((one) => [one.token, one.exits.at(-1)?.outputs ?? null]))
  const requests = jobs.map((job) => ({
    token: tokenOfJob(job),
    directory: desk.resultsDirectory(job),
    outputs: job.spec.outputs,
    expected: expected.get(tokenOfJob(job)) ?? null,
  }))
  const replies = await collectJobs(live.session, live.place, requests, signal, desk.resultsDisk)
  return new Map(replies.map((reply) => [reply.token, { ...reply, hasRecord: expected.get(reply.token) !== null }]))
}

/** What came, and whether there was a record that lists the outputs. */
type Collected = CollectReply & { readonly hasRecord: boolean }

/**
 * By the manager's word it ended by itself, so there is a record, which just does not show yet. Without its list nobody
 * can say whether all outputs have come.
 */
function isUnlisted({ outcome, spec }: Job, reply: Collected | undefined): boolean {
  const endedItself = outcome?.state === "completed" || outcome?.cause === "exit"
  return reply?.hasRecord === false && endedItself && spec.outputs.length > 0
}

function isBack(reply: CollectReply | undefined): boolean {
  return reply !== undefined && isWhole(reply)
}

function collected(desk: Desk, job: Job, reply: Collected | undefined): AnyEventBody[] {
  const token = tokenOfJob(job)
  const directory = desk.resultsDirectory(job)
  const notes = [
    ...restartNotes(job),
    ...(reply?.notes ?? []),
    ...(isUnlisted(job, reply) ? ["There is no exit record: whether all outputs have come is not known."] : []),
    ...(reply?.refused ?? []).map(({ path, reason }) => `${path} was left out: ${reason}`),
  ]
  const done: AnyEventBody = {
    job: job.id,
    type: "collected",
    token,
    directory,
    files: reply?.files.length ?? 0,
    notes,
  }
  if (reply !== undefined && isWhole(reply)) return [done, ...finished(job)]
  const reason = `Outputs could not be brought back whole: ${whatIsWrong(reply).slice(0, 5).join(", ")}.`
  if (job.outcome?.state !== "completed") return [{ ...done, notes: [...notes, reason] }, ...finished(job)]
  return [
    done,
    { job: job.id, type: "finished", outcome: { ...job.outcome, state: "failed", cause: "stage-out" }, reason },
  ]
}

/** Stdout and stderr are those of the last start. */
function restartNotes(job: Job): string[] {
  const attempt = currentAttempt(job)
  const restarts = attempt === null ? 0 : restartsOf(attempt)
  if (attempt === null || restarts === 0) return []
  const times = restarts === 1 ? "once" : `${restarts} times`
  return [
    `Its manager started it again ${times}; what the start before had printed is in stdout.${restarts - 1} and stderr.${restarts - 1} of ${attempt.directory}.`,
  ]
}

function whatIsWrong(reply: CollectReply | undefined): string[] {
  if (reply === undefined || !reply.present) return ["the job directory is gone"]
  if (reply.failure !== null) return [reply.failure.message]
  const sizes = reply.mismatched.map(({ path, expected, actual }) => `${path} has ${actual} bytes, not ${expected}`)
  return [
    ...reply.missing.map((path) => `${path} is missing`),
    ...sizes,
    ...(reply.unsteady ? ["files changed while they were read"] : []),
  ]
}

function finished(job: Job): AnyEventBody[] {
  return job.outcome === null ? [] : [{ job: job.id, type: "finished", outcome: job.outcome, reason: job.reason }]
}

function tokenOfJob(job: Job): string {
  return currentAttempt(job)?.token ?? ""
}
