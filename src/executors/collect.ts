/** Collect: stdout, stderr and outputs of what has ended come back, and only then the job is over. */
import { type AnyEventBody, type Job, type Outcome, type RetryPolicy, currentAttempt } from "../job/index.ts"
import { collectJobs } from "../remote/staging.ts"
import { type CollectReply, isWhole } from "../remote/unpack.ts"
import { readRecords } from "../remote/records.ts"
import type { Desk } from "./desk.ts"
import type { Live } from "./link.ts"

/** Jobs whose results travel as one stream. */
const chunkJobsMax = 50

/** Directory caches: outputs that don't match the wrapper's list are asked for again, this often and this far apart. */
const mismatchTriesMax = 5
const mismatchWaitMs = 2_000

/** One pass over all that has ended. Returns null: the next one follows a ring. */
export async function collectPass(desk: Desk, signal: AbortSignal): Promise<number | null> {
  await retryThose(desk)
  const ended = desk.book.in("collecting")
  await finishWithoutOutputs(desk, ended)
  const waiting = ended.filter(hasOutputs)
  if (waiting.length === 0) return null
  const live = await desk.link.session(signal, "collect")
  for (let start = 0; start < waiting.length; start += chunkJobsMax) {
    await collectChunk(desk, live, waiting.slice(start, start + chunkJobsMax), signal)
  }
  return null
}

/** Attempts that ended in a way that their policy covers go back to `new`; their outputs stay where they are. */
async function retryThose(desk: Desk): Promise<void> {
  const events = desk.book.in("collecting").flatMap((job): AnyEventBody[] => {
    const attempt = currentAttempt(job)
    if (attempt === null || job.outcome === null || job.cancelRequestedAt !== null) return []
    const another = attempt.number < job.spec.retry.maxAttempts && covers(job.spec.retry, job.outcome)
    return another
      ? [{ job: job.id, type: "retrying", token: attempt.token, outcome: job.outcome, reason: job.reason }]
      : []
  })
  if (events.length === 0) return
  await desk.store.append(events)
  desk.bells.submit.ring()
}

/** Whether a policy wants another attempt after this outcome. */
export function covers(policy: RetryPolicy, outcome: Outcome): boolean {
  if (outcome.state !== "failed") return false
  return policy.on.some((one) =>
    typeof one === "string"
      ? one === outcome.cause
      : outcome.exitCode !== null && one.exitCode.includes(outcome.exitCode),
  )
}

/** What never ran, and what was lost with its manager, has nothing to bring back. */
function hasOutputs(job: Job): boolean {
  const attempt = currentAttempt(job)
  return attempt !== null && (attempt.startedAt !== null || attempt.evidence.some((seen) => seen.source === "record"))
}

async function finishWithoutOutputs(desk: Desk, ended: readonly Job[]): Promise<void> {
  const events = ended.filter((job) => !hasOutputs(job)).flatMap((job) => finished(job))
  if (events.length > 0) await desk.store.append(events)
}

async function collectChunk(desk: Desk, live: Live, jobs: readonly Job[], signal: AbortSignal): Promise<void> {
  let open = jobs
  for (let tries = 1; open.length > 0; tries += 1) {
    const replies = await receive(desk, live, open, signal)
    const isLast = tries === mismatchTriesMax
    const whole = open.filter((job) => isLast || isBack(replies.get(tokenOfJob(job))))
    const events = whole.flatMap((job) => collected(desk, job, replies.get(tokenOfJob(job))))
    if (events.length > 0) await desk.store.append(events)
    open = open.filter((job) => !whole.includes(job))
    if (open.length > 0) await desk.clock.sleep(mismatchWaitMs, signal)
  }
}

async function receive(
  desk: Desk,
  live: Live,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<Map<string, CollectReply>> {
  const records = await live.session.ask(readRecords(live.place.home, jobs.map(tokenOfJob)), signal)
  const expected = new Map(records.map((one) => [one.token, one.exits.at(-1)?.outputs ?? null]))
  const requests = jobs.map((job) => ({
    token: tokenOfJob(job),
    directory: desk.resultsDirectory(job),
    outputs: job.spec.outputs,
    expected: expected.get(tokenOfJob(job)) ?? null,
  }))
  const replies = await collectJobs(live.session, live.place, requests, signal)
  return new Map(replies.map((reply) => [reply.token, reply]))
}

/** A full disk on this side is waited out; everything else that is not whole is read again. */
function isBack(reply: CollectReply | undefined): boolean {
  return reply !== undefined && isWhole(reply)
}

function collected(desk: Desk, job: Job, reply: CollectReply | undefined): AnyEventBody[] {
  const token = tokenOfJob(job)
  const directory = desk.resultsDirectory(job)
  const notes = [
    ...(reply?.notes ?? []),
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
