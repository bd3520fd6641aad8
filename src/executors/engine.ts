/** The engine of one executor: three loops over its jobs (submit, monitor, collect) that share one session and one health. */
import { setMaxListeners } from "node:events"
import { HawserError, SchedulerError, StoreError, TransportError, UsageError, asHawserError } from "../errors.ts"
import type { Job } from "../job/index.ts"
import type { Findings } from "./ask.ts"
import { collectPass } from "./collect.ts"
import { type Desk, ringAll } from "./desk.ts"
import { giveUp, giveUpAway } from "./giveUp.ts"
import { RestingError, healthOf } from "./link.ts"
import { type Loose, looseEndsOf } from "./looseEnds.ts"
import { hinted, settle, sweep } from "./monitor.ts"
import { QuietError } from "./ownership.ts"
import { nextLookMs, nextSweepMs } from "./pace.ts"
import { lostOf, recall, recallMs } from "./recall.ts"
import { Showing } from "./showing.ts"
import { type Situation, situationOf } from "./situation.ts"
import { submitPass } from "./submit.ts"
import { Tries } from "./tries.ts"
import { Watch } from "./watch.ts"
import { type Watched, onTheirWay, watchedBy } from "./watched.ts"

const retryMsMin = 200

/** After a failure that is not the manager's: a full disk here, or a bug. */
const ownFailureMs = 5_000
const ownFailureMsMax = 60_000

/** Between two tries of those who want to know at once. */
const firstContactMsMin = 5_000

/** A native that does not end in spite of all keeps no controller for ever. */
const settlingMsMax = 300_000

/** A person who asks for it waits for absence to be shown, and for KILL to work, and no longer. */
const recoverMsMax = 150_000

/** Runs until it is closed. It owns no state: what it knows is in the store, what it remembers is only how long. */
export class Engine implements AsyncDisposable {
  readonly desk: Desk
  private readonly watch: Watch
  private readonly tries: Tries
  private readonly showing = new Showing()
  private readonly closing = new AbortController()
  private readonly loops: readonly Promise<void>[]
  private contacting: Promise<void> | null = null
  private sweptAt = Number.NEGATIVE_INFINITY
  private askedAt = Number.NEGATIVE_INFINITY
  private recalledAt = Number.NEGATIVE_INFINITY
  private sweepWanted = true
  /** Something has ended that its records do not settle: no later than this. */
  private sweepBy = Number.POSITIVE_INFINITY
  private sweepsDone = 0
  private findings: Findings | null = null
  /** Since when tombstones are being settled, with a manager that answers; null: there are none, or it does not. */
  private settlingSince: number | null = null

  constructor(desk: Desk) {
    this.desk = desk
    // One for each command that is under way.
    setMaxListeners(0, this.closing.signal)
    this.watch = new Watch(desk.clock, 2 * desk.pace.sweepMsMax)
    this.tries = new Tries(desk.clock)
    desk.pulse.listen((what) => this.onJolt(what))
    this.loops = [
      desk.pulse.run(this.closing.signal),
      this.loop("submit", desk.bells.submit, (signal) => submitPass(desk, this.watch, signal)),
      this.loop("monitor", desk.bells.monitor, (signal) => this.monitorPass(signal)),
      this.loop("collect", desk.bells.collect, (signal) => collectPass(desk, this.tries, signal)),
    ]
  }

  /** Connects now, or throws why that can't be: the first contact of a state directory. Who asks meanwhile gets the same answer. */
  firstContact(): Promise<void> {
    this.contacting ??= this.contact().finally(() => {
      this.contacting = null
    })
    return this.contacting
  }

  private async contact(): Promise<void> {
    const { link, clock } = this.desk
    const { signal } = this.closing
    while (link.sinceTryMs < firstContactMsMin) await clock.sleep(firstContactMsMin - link.sinceTryMs, signal)
    link.retryNow()
    await link.session(signal)
  }

  /** A login that waits for a person is tried again at once, if one has come. */
  hurry(): void {
    const { link, bells } = this.desk
    if (link.retryWithPerson()) ringAll(bells)
  }

  /**
   * A fresh, complete sweep that starts after this call; where there are tombstones, until they are closed or for some
   * minutes. Rejects with why when the manager can't be asked.
   */
  async recover(signal?: AbortSignal): Promise<void> {
    const wanted = this.sweepsDone + (this.sweeping ? 2 : 1)
    // What failed before this call says nothing of the sweep that follows it.
    this.failures.delete("monitor")
    this.sweepWanted = true
    const either = signal === undefined ? this.closing.signal : AbortSignal.any([signal, this.closing.signal])
    if (healthOf(this.desk.store, this.desk.name).health === "needs-login") await this.desk.link.session(either)
    this.desk.bells.monitor.ring()
    const { desk } = this
    const isNothingLeft = (): boolean => watchedBy(desk).length === 0 && looseEndsOf(desk).length === 0
    await this.untilSwept(() => this.sweepsDone >= wanted || isNothingLeft(), either)
    const until = desk.clock.monotonic() + recoverMsMax
    await this.untilSwept(() => this.tombstones === 0 || desk.clock.monotonic() > until, either)
  }

  private async untilSwept(isDone: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isDone()) {
      const failure = this.failures.get("monitor")
      if (failure !== undefined) throw failure
      await this.desk.clock.sleep(20, signal)
    }
  }

  /** Tombstones that are open. */
  get tombstones(): number {
    return looseEndsOf(this.desk).filter(({ kind }) => kind === "tombstone").length
  }

  /**
   * Nothing is left that is worth a controller: no job, and no tombstone that is about to be closed. One whose manager
   * does not answer keeps nobody.
   */
  get isIdle(): boolean {
    const { book, clock } = this.desk
    const isSettling = this.settlingSince !== null && clock.monotonic() - this.settlingSince < settlingMsMax
    return book.isIdle && !(isSettling && this.tombstones > 0)
  }

  /** Where a job stands beyond what the store says of it, and what the loops wait for. Reads only. */
  situation(job: Job): Situation {
    const { desk, watch, tries, findings } = this
    const sweepAt = this.sweepAt(watchedBy(desk), looseEndsOf(desk))
    const sweepMs = sweepAt === Number.POSITIVE_INFINITY ? null : sweepAt - desk.clock.monotonic()
    return situationOf({ desk, watch, tries, findings, sweepMs, testMs: this.showing.waitMs(desk) }, job)
  }

  /** Ends the loops; what is under way on the other side goes on, and is found again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.closing.abort(new HawserError("CLOSING", { summary: "The controller is closing.", class: "transient" }))
    await Promise.all(this.loops)
    this.desk.book.close()
    await this.desk.link[Symbol.asyncDispose]()
  }

  private sweeping = false
  private givingUp: Promise<void> = Promise.resolve()
  /** The newest failure of each loop since it last went well. */
  private readonly failures = new Map<string, HawserError>()
  private readonly failuresInARow = new Map<string, number>()

  /** A short tick looks for hints, which mostly settle themselves; a sweep follows when it was asked for or is due. */
  private async monitorPass(signal: AbortSignal): Promise<number | null> {
    const { desk } = this
    const { pace, clock, pulse } = desk
    const jolts = pulse.check()
    const watched = watchedBy(desk)
    const loose = looseEndsOf(desk)
    const nextAt = this.sweepAt(watched, loose)
    const isDue = this.sweepWanted || nextAt <= clock.monotonic()
    if (watched.length === 0 && (loose.length === 0 || !isDue)) {
      this.looked(jolts)
      const recallInMs = await this.recallPass(signal)
      // Whole milliseconds, as below: a wait that is too small to move the clock would be waited for without end.
      return loose.length === 0 ? recallInMs : Math.ceil(Math.min(nextAt - clock.monotonic(), recallInMs ?? Infinity))
    }
    const live = await desk.link.session(signal, "monitor")
    // Also where the line is cut in the middle of what follows: the manager was not away.
    this.watch.reached()
    const earliestAt = this.askedAt + pace.askMsMin
    if (!this.sweepWanted && earliestAt > clock.monotonic()) return Math.ceil(earliestAt - clock.monotonic())
    this.askedAt = clock.monotonic()
    if (live.quietMs === 0 && pulse.isSteady && (await giveUp(desk, live, watched, signal)) > 0) return 0
    if (!isDue) {
      const some = await hinted(live, watched, onTheirWay(desk), signal)
      const isSettled = some.length === 0 || (await settle(desk, this.watch, live, some, signal))
      if (!isSettled) this.sweepBy = this.sweptAt + pace.sweepMsMin
      return Math.max(0, Math.min(nextAt, this.sweepBy, clock.monotonic() + pace.hintMs) - clock.monotonic())
    }
    this.sweepWanted = false
    this.sweeping = true
    try {
      this.findings = await sweep(desk, this.watch, live, watched, loose, signal)
      desk.link.succeeded()
      this.settlingSince = looseEndsOf(desk).some(({ isPressing }) => isPressing)
        ? (this.settlingSince ?? clock.monotonic())
        : null
    } finally {
      this.sweeping = false
    }
    this.looked(jolts)
    await this.showing.step(desk)
    await this.recallPass(signal)
    this.sweepBy = Number.POSITIVE_INFINITY
    this.sweptAt = clock.monotonic()
    this.sweepsDone += 1
    return pace.hintMs
  }

  /** What waited for a fresh look goes on. */
  private looked(jolts: number): void {
    const { pulse, bells } = this.desk
    if (pulse.isSteady) return
    pulse.looked(jolts)
    if (pulse.isSteady) bells.submit.ring()
  }

  /** We slept, or the clock jumped: what was measured counts no more, and the connection may be dead. */
  private onJolt(what: string): void {
    const { desk, watch } = this
    desk.log.info({ executor: desk.name, what }, "everything is asked afresh")
    watch.restart()
    this.sweepWanted = true
    desk.link.doubt()
    ringAll(desk.bells)
  }

  /** When a sweep is due, without a hint, by the monotonic clock. */
  private sweepAt(watched: readonly Watched[], loose: readonly Loose[]): number {
    const { pace, clock } = this.desk
    const isNear = watched.some(({ attempt }) => this.watch.wordlessForMs(attempt.token) !== null)
    const watchedMs = isNear ? pace.sweepMsMin : nextSweepMs(pace, watched, clock.now())
    const waits = [
      ...(watched.length > 0 ? [watchedMs] : []),
      ...(loose.some(({ isPressing }) => isPressing)
        ? [nextLookMs(pace, this.sweptAt - (this.settlingSince ?? Infinity))]
        : []),
      ...(loose.length > 0 ? [recallMs] : []),
    ]
    return waits.length === 0 ? Number.POSITIVE_INFINITY : Math.min(this.sweepBy, this.sweptAt + Math.min(...waits))
  }

  /** Asks for those that were called lost, seldom. Returns milliseconds until the next time; null: there are none. */
  private async recallPass(signal: AbortSignal): Promise<number | null> {
    const { desk } = this
    const lost = lostOf(desk)
    if (lost.length === 0) return null
    const dueMs = this.recalledAt + recallMs - desk.clock.monotonic()
    if (dueMs > 0) return Math.ceil(dueMs)
    await recall(desk, await desk.link.session(signal, "monitor"), lost, signal)
    this.recalledAt = desk.clock.monotonic()
    return recallMs
  }

  /** Runs a pass, waits as long as it says or until the bell rings, and again. A failure changes health, never a job. */
  private async loop(
    name: string,
    bell: { wait(ms: number | null, signal: AbortSignal): Promise<void> },
    pass: (signal: AbortSignal) => Promise<number | null>,
  ): Promise<void> {
    const { signal } = this.closing
    while (!signal.aborted) {
      const waitMs = await this.attempt(name, pass)
      await bell.wait(waitMs, signal)
    }
  }

  private async attempt(name: string, pass: (signal: AbortSignal) => Promise<number | null>): Promise<number | null> {
    const { desk, closing } = this
    try {
      const waitMs = await pass(closing.signal)
      desk.link.passed(name)
      if (desk.link.isConnected) this.watch.reached()
      this.failures.delete(name)
      this.failuresInARow.delete(name)
      return waitMs
    } catch (error) {
      if (closing.signal.aborted) return null
      if (name === "monitor") this.settlingSince = null
      const known = asHawserError(error, "ENGINE_FAILED", `The ${name} step of ${desk.name} failed.`)
      if (!(known instanceof RestingError || known instanceof QuietError)) this.tell(name, known)
      if (isOurOwn(known)) {
        desk.link.passed(name)
        return ownFailureMs
      }
      const waitMs = await desk.link.failed(known, name)
      if (known instanceof TransportError && !desk.link.isConnected) await this.afterFailure()
      if (waitMs > 0) return Math.max(retryMsMin, waitMs)
      // It says nothing of the manager, so the breaker does not count it; it must not turn the loop hot either.
      const row = (this.failuresInARow.get(name) ?? 0) + 1
      this.failuresInARow.set(name, row)
      return Math.min(ownFailureMsMax, retryMsMin * 2 ** Math.min(row, 12))
    }
  }

  /** Two loops may learn at the same time that the manager is away; one after the other they end what is overdue. */
  private async afterFailure(): Promise<void> {
    const { desk } = this
    this.givingUp = this.givingUp
      .then(() => giveUpAway(desk, this.watch))
      .catch((error: unknown) => this.tell("give up", asHawserError(error)))
    await this.givingUp
  }

  /** What the manager or the way to it says is news; anything else is a bug of ours, and its stack goes to the log. */
  private tell(step: string, error: HawserError): void {
    this.failures.set(step, error)
    // It can't write any more, whatever happens; the next one can.
    if (error.code === "STORE_SUPERSEDED" || error.code === "STORE_UNSURE") this.desk.onLost(error)
    const { name, log } = this.desk
    const facts = { executor: name, step, code: error.code }
    if (error instanceof TransportError || error instanceof SchedulerError) log.warn(facts, error.message)
    else log.error({ ...facts, stack: error.stack, cause: error.cause }, error.message)
  }
}

/** The store's troubles, a spec that can't be expressed and our bugs say nothing of the manager's health. */
function isOurOwn(error: HawserError): boolean {
  return error instanceof StoreError || error instanceof UsageError || error.code === "ENGINE_FAILED"
}
