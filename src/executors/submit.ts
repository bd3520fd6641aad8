/** Submit: from `new` to a native id, each step written down before it is taken. */
import { type HawserError, SchedulerError, UsageError, asHawserError } from "../errors.ts"
import { type AnyEventBody, type Attempt, type Job, type LearnedLimit, currentAttempt, isFinal } from "../job/index.ts"
import type { Place, SubmitReply } from "../remote/layout.ts"
import type { Accepted } from "../schedulers/scheduler.ts"
import type { Session } from "../transport/session.ts"
import { admissible, missingSecrets, needsSecrets } from "./admit.ts"
import { cancelAll } from "./cancel.ts"
import { type Desk, tellWaiting } from "./desk.ts"
import { forEach, reasons } from "./each.ts"
import { giveUp, isLate } from "./giveUp.ts"
import { intentFor } from "./intent.ts"
import { healthOf } from "./link.ts"
import { pauseText } from "./pause.ts"
import { quietText } from "./ownership.ts"
import { holderIn } from "./records.ts"
import { stageChunk } from "./stage.ts"
import { submissionOf } from "./submission.ts"
import { Together } from "./together.ts"
import { counted } from "./visibility.ts"
import type { Watch } from "./watch.ts"
import { onTheirWay } from "./watched.ts"

/** Jobs that travel as one stream: few at first, so that submitting begins at once, and more while others are submitted. */
const firstChunkJobsMax = 8
const chunkJobsMax = 50
/** Streams at a time: what one waits for, the line, the file system, the other does not. */
const streamsMax = 2

/**
 * Submissions that are under way at a time: a few work on the other side, the rest are on the line. Enough to keep the
 * manager busy over a long line, few enough that a manager in trouble is left alone.
 */
const inFlightMax = 32

/** Until those that could not be submitted by themselves are tried again. */
const laggardsMs = 5_000

/** One pass over everything that can be submitted. Returns milliseconds until another pass is worth it; null: a ring. */
export async function submitPass(desk: Desk, watch: Watch, signal: AbortSignal): Promise<number | null> {
  await desk.clock.sleep(desk.pace.gatherMs, signal)
  const { admitted, retryMs } = await admissible(desk)
  if (admitted.length === 0 && onTheirWay(desk).length === 0) return retryMs
  const live = await desk.link.session(signal, "submit").catch(async (error: unknown) => {
    if (!signal.aborted) await tellAway(desk, asHawserError(error))
    throw error
  })
  const { session, place, quietMs } = live
  if (quietMs > 0) return waitForQuiet(desk, quietMs)
  await intend(desk, place, admitted)
  await cancelAll(
    desk,
    watch,
    live,
    onTheirWay(desk).filter(({ job }) => job.cancelRequestedAt !== null),
    signal,
  )
  if (desk.pulse.isSteady) await giveUp(desk, live, onTheirWay(desk), signal)
  const together = new Together<Accepted>(session, place, signal)
  const held: Job[] = []
  const step = async (job: Job): Promise<void> => {
    const isOver = isFinal(desk.store.jobs.get(job.id)?.state ?? job.state)
    if (isOver || pauseText(desk.store, desk.name) !== null) return
    await desk.throttle.inTurn(job, inside(desk), async () => {
      if (await submitJob(desk, together, job)) held.push(job)
    })
  }
  const failed = await forEach(staged(desk, session, place, await dueForSubmission(desk), signal), step, inFlightMax)
  // By now it is known whether what kept them back was a no to all.
  while (held.length > 0) failed.push(...(await forEach(held.splice(0), step, inFlightMax)))
  await tellWaiting(
    desk,
    reasons(failed, (job) => job),
  )
  return nextPassMs(desk, retryMs)
}

/** Somebody else may still act over there. (PROTOCOL 26) */
async function waitForQuiet(desk: Desk, quietMs: number): Promise<number> {
  const jobs = [...desk.book.in("new"), ...onTheirWay(desk).map(({ job }) => job)]
  await tellWaiting(desk, new Map(jobs.filter(({ waiting }) => waiting === null).map(({ id }) => [id, quietText])))
  return quietMs
}

/** The manager can't be reached: its jobs wait for that, and whoever has submitted them gets to know it. */
async function tellAway(desk: Desk, error: HawserError): Promise<void> {
  const { health, reason } = healthOf(desk.store, desk.name)
  const why = health === "up" || reason === null ? error.message : reason
  const jobs = [...desk.book.in("new"), ...onTheirWay(desk).map(({ job }) => job)]
  await tellWaiting(desk, new Map(jobs.filter(({ waiting }) => waiting === null).map(({ id }) => [id, why])))
}

/** What is still on its way was refused, or waits for something that no event tells of. */
function nextPassMs(desk: Desk, retryMs: number | null): number | null {
  const { throttle } = desk
  const rateMs = throttle.rateMs()
  if (onTheirWay(desk).length === 0) return retryMs === null || rateMs === 0 ? retryMs : Math.min(retryMs, rateMs)
  const pauseMs = Math.max(throttle.pauseMs(), rateMs)
  const jobs = onTheirWay(desk).map(({ job }) => job)
  const isFull = throttle.within(jobs, inside(desk)).length === 0
  const waitMs = pauseMs > 0 ? pauseMs : isFull ? (throttle.laneMs(jobs) ?? laggardsMs) : laggardsMs
  return Math.min(waitMs, retryMs ?? waitMs)
}

/**
 * Those of a controller that died may need secrets that this one has not been told. Of one whose fence was lost a native
 * holds the guard: asked again, the other side says which. So it does of a fence that was meant and nobody wants any more.
 */
async function dueForSubmission(desk: Desk): Promise<readonly Job[]> {
  if (desk.throttle.pauseMs() > 0) return []
  const jobs = onTheirWay(desk).flatMap(({ job, attempt: { fence } }) => {
    const isToStart = fence === "intended" ? !isLate(desk, job) : fence !== "won"
    return job.cancelRequestedAt === null && isToStart ? [job] : []
  })
  const paused = pauseText(desk.store, desk.name)
  if (paused !== null) {
    await tellWaiting(desk, new Map(jobs.map(({ id }) => [id, paused])))
    return []
  }
  const early = withoutInstance(desk, jobs)
  if (early.size > 0) await tellWaiting(desk, early)
  const served = jobs.filter(({ id }) => !early.has(id))
  const missing = new Map(served.map((job) => [job, missingSecrets(desk, job)]))
  const without = served.filter((job) => missing.get(job)?.length !== 0)
  await tellWaiting(desk, new Map(without.map((job) => [job.id, needsSecrets(missing.get(job) ?? [])])))
  const ready = served.filter((job) => missing.get(job)?.length === 0)
  // What the rate limit holds back is not sent either; it is on its way, and goes first.
  return desk.throttle.within(ready, inside(desk)).slice(0, desk.throttle.permits)
}

/** Those that wait for a Flux instance of our own, and why. */
function withoutInstance(desk: Desk, jobs: readonly Job[]): ReadonlyMap<string, string> {
  return new Map(
    jobs.flatMap((job) => {
      const wait = desk.waitForInstance(job)
      return wait === null ? [] : [[job.id, wait.reason]]
    }),
  )
}

/** Intent first: token, native name and directory of each job, on disk before anything remote happens. */
async function intend(
  desk: Desk,
  place: Place,
  admitted: readonly { readonly job: Job; readonly devices: readonly number[] }[],
): Promise<void> {
  if (admitted.length === 0) return
  await desk.store.append(admitted.map(({ job, devices }) => intentFor(desk, place, job, devices)))
}

/** The jobs whose directories stand there, in order. While those of a chunk are taken, the next ones are on their way. */
async function* staged(
  desk: Desk,
  session: Session,
  place: Place,
  due: readonly Job[],
  signal: AbortSignal,
): AsyncGenerator<Job> {
  const parts = growing(due)
  const onTheWay: Promise<readonly Job[]>[] = []
  const sendNext = (): void => {
    const part = parts.next()
    if (part.done === true || desk.throttle.pauseMs() > 0) return
    const stage = stageChunk(desk, session, place, part.value, signal)
    // Whoever needs it will hear of its failure; until then it is not one that nobody handles.
    void stage.catch(() => undefined)
    onTheWay.push(stage)
  }
  try {
    for (let count = 0; count < streamsMax; count += 1) sendNext()
    while (onTheWay.length > 0) {
      const ready = await taken(onTheWay)
      sendNext()
      yield* ready
    }
  } finally {
    // Nothing of a pass goes on behind its end; what it threw has been thrown above, or nobody waits for it any more.
    await Promise.allSettled(onTheWay)
  }
}

/** The oldest, which leaves the line when it is over. */
async function taken<T>(line: Promise<readonly T[]>[]): Promise<readonly T[]> {
  try {
    return (await line[0]) ?? []
  } finally {
    void line.shift()
  }
}

function* growing(due: readonly Job[]): Generator<readonly Job[]> {
  let size = firstChunkJobsMax
  for (let start = 0; start < due.length;) {
    yield due.slice(start, start + size)
    start += size
    size = Math.min(chunkJobsMax, 4 * size)
  }
}

/**
 * Asks once, idempotently, and writes down the answer. A lost connection leaves the attempt as it is: it is asked again.
 * True: another one that went with it was not taken, so it was not asked for this one.
 */
async function submitJob(desk: Desk, together: Together<Accepted>, job: Job): Promise<boolean> {
  const attempt = currentAttempt(job)
  if (attempt === null) return false
  const { token } = attempt
  const tryNumber = attempt.refusedTries + 1
  const inner = desk.scheduler.submit(submissionOf(job, attempt))
  const reply = await together.submit({ token, tryNumber, inner }).catch((error: unknown) => asRefusal(error))
  if ("status" in reply && reply.status === "held") return true
  // A manager that could not even be asked is away for all: that is its health, as with every question.
  if ("refusal" in reply && reply.refusal.class === "transient") await desk.link.failed(reply.refusal, "submit")
  const events =
    "refusal" in reply ? onRefusal(desk, job, attempt, tryNumber, reply.refusal) : onReply(desk, job, attempt, reply)
  const isLimit = "refusal" in reply && reply.refusal.class === "limit"
  // Before it is written down: those behind it must not be refused as well.
  const learned = isLimit ? desk.throttle.limited(job, inside(desk), reasonOf(reply.refusal)) : null
  if (events.length === 0) return false
  await desk.store.append(events)
  if (!("refusal" in reply) && reply.status === "answered") await learn(desk, desk.throttle.accepted(job, inside(desk)))
  else await learn(desk, learned)
  return false
}

/** The manager's own no (or its doubt) is an answer; everything else is the transport's and goes up. */
function asRefusal(error: unknown): { readonly refusal: HawserError } {
  if (error instanceof SchedulerError || error instanceof UsageError) return { refusal: error }
  throw error
}

function onReply(desk: Desk, job: Job, attempt: Attempt, reply: SubmitReply<Accepted>): AnyEventBody[] {
  const { token } = attempt
  switch (reply.status) {
    case "answered":
      desk.link.succeeded()
      return [{ job: job.id, type: "accepted", token, ...reply.value }]
    case "in-doubt":
      return [
        {
          job: job.id,
          type: "in-doubt",
          token,
          reason: "A submission was under way when its answer was lost; it is looked up.",
        },
      ]
    case "guarded":
      return onGuarded(job, token, reply.owner)
    case "missing":
      // Staged again with the next pass.
      return [{ job: job.id, type: "waiting", reason: "Its job directory was not where it had been put." }]
  }
}

/** Who holds the guard tells the truth: a native that has started, or a fence of ours. */
function onGuarded(job: Job, token: string, owner: string): AnyEventBody[] {
  const nativeId = holderIn(owner)
  if (nativeId !== null) return [{ job: job.id, type: "accepted", token, nativeId, submitTime: null }]
  const reason = owner.startsWith("native:")
    ? "A native that does not know its id has started."
    : "The attempt was revoked before it started."
  return [{ job: job.id, type: "in-doubt", token, reason }]
}

function onRefusal(desk: Desk, job: Job, attempt: Attempt, tryNumber: number, error: HawserError): AnyEventBody[] {
  const { token } = attempt
  const reason = reasonOf(error)
  switch (error.class) {
    case "in-doubt":
      return [{ job: job.id, type: "in-doubt", token, reason }]
    case "transient":
    case "busy":
    case "auth":
      desk.throttle.refused(reason, { isAway: error.class === "transient" })
      return [{ job: job.id, type: "not-accepted", token, try: tryNumber, reason }]
    case "limit":
      return [{ job: job.id, type: "not-accepted", token, try: tryNumber, reason }]
    case "rejected":
    case "unknown-job":
    case "gone":
      return [
        { job: job.id, type: "not-accepted", token, try: tryNumber, reason },
        {
          job: job.id,
          type: "finished",
          outcome: { state: "failed", cause: "rejected", exitCode: null, signal: null },
          reason,
        },
      ]
  }
}

function reasonOf({ summary, reason }: HawserError): string {
  return [summary, reason].filter((line) => line !== undefined).join(" ")
}

/** The jobs that the manager has. */
function inside(desk: Desk): () => readonly Job[] {
  return () => counted(desk, desk.book.in("queued", "held", "running", "suspended"))
}

/** What was found out of the manager's limits outlives us. */
async function learn(desk: Desk, learned: LearnedLimit | null): Promise<void> {
  if (learned === null) return
  desk.log.info({ executor: desk.name, ...learned }, "a limit of the manager")
  await desk.store.append([{ executor: desk.name, type: "limit", ...learned }])
}
