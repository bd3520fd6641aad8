/** The link to one manager: at most one session, opened when it is needed and replaced when it is lost. */
import { type Clock, withDeadline } from "../clock.ts"
import type { Command } from "../command.ts"
import { HawserError, TransportError, asHawserError } from "../errors.ts"
import type { Health, ManagerEventBody } from "../job/index.ts"
import type { JobStore, Site } from "../persist/store.ts"
import type { HostFacts, Place } from "../remote/layout.ts"
import { asOwner } from "../remote/verbs.ts"
import type { Breaker } from "../retry/breaker.ts"
import type { Native, Scheduler } from "../schedulers/scheduler.ts"
import type { Attendance } from "../transport/person.ts"
import type { Session } from "../transport/session.ts"
import type { Log } from "./log.ts"
import { Ownership, QuietError, greeting, quietText } from "./ownership.ts"

/** A session that is open, and what goes with it. */
export interface Live {
  readonly session: Session
  readonly place: Place
  readonly facts: HostFacts
  /** The manager's wall clock, ms. */
  readonly now: number
  /** It less ours, ms, as it was measured last. */
  readonly clockOffsetMs: number
  /** The smallest that was measured: ours may have been set meanwhile, and what it told before still stands in the store. */
  readonly clockOffsetMsMin: number
  /** Until effects are allowed, ms; before that they fail with a QuietError, and questions are answered. */
  readonly quietMs: number
  /** Sends a dialect's effects, each command only if no higher owner number exists on the other side (PROTOCOL 26). */
  carryOut(commands: readonly Command<void>[], signal: AbortSignal): Promise<void>
  /** The same with its cancel. */
  cancel(
    scheduler: Scheduler,
    natives: readonly Native[],
    how: { readonly force: boolean },
    signal: AbortSignal,
  ): Promise<void>
}

/** For the answer of a session that may be dead: it may stand in line behind another one. */
const checkMsMax = 20_000

function silent(): TransportError {
  return new TransportError("CONNECTION_SILENT", { summary: "The connection gives no answer.", class: "transient" })
}

/** Nothing is asked now, whatever the number of jobs: the breaker waits. */
export class RestingError extends HawserError {
  readonly waitMs: number

  constructor(executor: string, waitMs: number) {
    super("MANAGER_RESTING", {
      summary: `${executor} is asked again in ${Math.ceil(waitMs / 1000)} s.`,
      class: "transient",
    })
    this.waitMs = waitMs
  }
}

export interface LinkParts {
  readonly executor: string
  readonly address: string
  readonly open: (signal: AbortSignal) => Promise<Session>
  /** Whom `open` asks, when it must. */
  readonly person: Attendance
  /** A login that had to wait for a person is through. */
  readonly onLogin: () => void
  readonly root: string
  /** Jobs run on the very host on which our shells do. */
  readonly isOneHost: boolean
  /** Watches the folder of hints, where the transport can; returns how to end that. */
  readonly watchHints: (directory: string) => (() => void) | undefined
  readonly store: JobStore
  readonly breaker: Breaker
  readonly clock: Clock
  readonly log: Log
}

export class ManagerLink implements AsyncDisposable {
  readonly address: string
  private readonly parts: LinkParts
  private readonly ownership: Ownership
  private opening: Promise<Live> | null = null
  private live: Live | null = null
  /** The last login failed for an answer that nobody gave. */
  private isWaitingForPerson = false
  private arrivalsTried = 0
  private triedAt = Number.NEGATIVE_INFINITY
  private superseded: HawserError | null = null
  private checking: Promise<void> | null = null
  private offsetMs = 0
  private offsetMsMin = Number.POSITIVE_INFINITY

  constructor(parts: LinkParts) {
    this.parts = parts
    this.ownership = new Ownership(parts)
    this.address = parts.address
  }

  /**
   * The open session, or a new one if the breaker allows a try now. Throws what the transport throws, and
   * `MANAGER_RESTING` (transient) while the breaker waits: nothing is asked then, whatever the number of jobs.
   */
  async session(signal: AbortSignal, who: string | null = null): Promise<Live> {
    const waitMs = this.parts.breaker.enter(who)
    if (waitMs > 0) throw new RestingError(this.parts.executor, waitMs)
    // A new connection would take the next owner number, and two controllers would fence each other in turns.
    if (this.superseded !== null) throw this.superseded
    // Who has no name tells only of a connection that failed, so it must not stay the prober for whom all others wait.
    if (who === null) this.parts.breaker.release(null)
    await this.checking
    const { live } = this
    if (live !== null) {
      await this.ownership.settle()
      // It may have gone meanwhile.
      if (this.live === live) return live
    }
    this.opening ??= this.connect(signal).finally(() => {
      this.opening = null
    })
    const { opening } = this
    if (who !== null) return opening
    return opening.catch((error: unknown) => {
      this.parts.breaker.failed(asHawserError(error), null)
      throw error
    })
  }

  /** The manager has answered as a manager in working order does. */
  succeeded(): void {
    this.parts.breaker.succeeded()
  }

  /** Counts a failure and returns the milliseconds until the next try. A session that failed is let go. */
  async failed(error: HawserError, who: string): Promise<number> {
    if (error instanceof RestingError || error instanceof QuietError) return error.waitMs
    if (error.code === "OWNER_SUPERSEDED") this.superseded = error
    const isTransport = error instanceof TransportError && error.class !== "limit"
    if (isTransport || this.superseded !== null) await this.drop()
    return this.parts.breaker.failed(error, who)
  }

  /** A pass is over and had no answer to tell of. */
  passed(who: string): void {
    this.parts.breaker.release(who)
  }

  /** Milliseconds until the breaker lets somebody ask again; 0: now. Asks for nothing. */
  get restMs(): number {
    return this.parts.breaker.waitMs
  }

  get isConnected(): boolean {
    return this.live !== null
  }

  /** Since the last connection that was tried and did not come about, ms; infinite where one is there or on its way. */
  get sinceTryMs(): number {
    const isOn = this.isConnected || this.opening !== null
    return isOn ? Number.POSITIVE_INFINITY : this.parts.clock.monotonic() - this.triedAt
  }

  /** The manager's wall clock less ours, ms; 0 while nobody is connected. */
  get clockOffsetMs(): number {
    return this.live?.clockOffsetMs ?? 0
  }

  /**
   * This machine slept, or somebody set its clock: the session may be dead, and the clocks differ otherwise than before.
   * It has to answer soon, or is replaced; nobody gets it before.
   */
  doubt(): void {
    this.checking ??= this.check().finally(() => {
      this.checking = null
    })
  }

  private async check(): Promise<void> {
    const { live } = this
    const { clock, log, executor } = this.parts
    if (live === null) return
    try {
      const answer = live.session.ask(greeting(this.parts))
      this.measure(await withDeadline(clock, checkMsMax, answer, silent))
    } catch (error) {
      log.info({ executor, reason: asHawserError(error).message }, "the connection did not survive")
      if (this.live === live) await this.drop()
    }
  }

  private measure({ now }: HostFacts): void {
    this.offsetMs = now - this.parts.clock.now()
    this.offsetMsMin = Math.min(this.offsetMsMin, this.offsetMs)
  }

  /** Milliseconds until something may be done over there; 0: now, as far as is known. */
  get quietMs(): number {
    return this.ownership.quietMs
  }

  /** It answers, but not in full: accounting is down, another host answers. */
  degraded(reason: string): void {
    this.parts.breaker.degraded(reason)
  }

  /** Forgets a back-off: a person has done something about it and wants to know. */
  retryNow(): void {
    this.parts.breaker.retryNow()
  }

  /** Forgets a back-off that a person can end, if one has come since. True: it did. */
  retryWithPerson(): boolean {
    const { isThere, arrivals } = this.parts.person
    const hasCome = isThere && arrivals !== this.arrivalsTried
    if (!this.isWaitingForPerson || this.opening !== null || !hasCome) return false
    this.retryNow()
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop()
  }

  private async drop(): Promise<void> {
    const { live } = this
    this.live = null
    try {
      await live?.session[Symbol.asyncDispose]()
    } catch {
      // It is of no use any more, however its closing went.
    }
  }

  private async connect(signal: AbortSignal): Promise<Live> {
    const { clock, log, executor } = this.parts
    this.triedAt = clock.monotonic()
    const session = await this.open(signal)
    try {
      const facts = await session.ask(greeting(this.parts), signal)
      const owner = await this.ownership.take(session, facts, signal)
      await this.recordContact(facts)
      if (this.ownership.quietMs > 0) this.degraded(quietText)
      log.info({ executor, address: this.address, owner, host: facts.hostname }, "connected")
      const place: Place = { home: facts.home, owner }
      this.measure(facts)
      // oxlint-disable-next-line no-this-alias
      const link = this
      const { ownership } = this
      const quieted = ownership.quieted(session)
      const live: Live = {
        session: quieted,
        place,
        facts,
        get quietMs() {
          return ownership.quietMs
        },
        get now() {
          return clock.now() + link.offsetMs
        },
        get clockOffsetMs() {
          return link.offsetMs
        },
        get clockOffsetMsMin() {
          return link.offsetMsMin
        },
        async carryOut(commands, signal) {
          await Promise.all(commands.map((command) => quieted.act(asOwner(place, command), signal)))
        },
        cancel(scheduler, natives, how, signal) {
          return this.carryOut(scheduler.cancel(natives, { ...how, owner }), signal)
        },
      }
      this.live = live
      const unwatch = this.parts.watchHints(`${facts.home}/events`)
      void session.closed.then(() => {
        unwatch?.()
        if (this.live === live) this.live = null
      })
      return live
    } catch (error) {
      await session[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Tried again at once for a person who came while nobody was there to be asked. */
  private async open(signal: AbortSignal): Promise<Session> {
    const { open, person, onLogin } = this.parts
    const waited = this.isWaitingForPerson
    const wasThere = person.isThere
    try {
      const session = await open(signal)
      this.isWaitingForPerson = false
      if (waited) onLogin()
      return session
    } catch (error) {
      this.isWaitingForPerson = error instanceof TransportError && error.code === "PERSON_NEEDED"
      if (this.isWaitingForPerson && !wasThere && person.isThere) return this.open(signal)
      // Whoever came meanwhile was asked, too.
      this.arrivalsTried = person.arrivals
      throw error
    }
  }

  private async recordContact(facts: HostFacts): Promise<void> {
    const { store, executor, isOneHost } = this.parts
    const known = store.managers.get(executor)
    const site = { root: facts.home, machine: facts.machine }
    const events: ManagerEventBody[] = []
    if (!isSite(known?.contacted, site)) events.push({ executor, type: "contacted", ...site })
    if (isOneHost && known?.visible.some((other) => isSite(other, site)) !== true)
      events.push({ executor, type: "visible", ...site, shownBy: null })
    if (events.length > 0) await store.append(events)
  }
}

function isSite(one: Site | null | undefined, other: Site): boolean {
  return one?.root === other.root && one.machine === other.machine
}

/** Health as the log has it; `up` before anything was tried. */
export function healthOf(
  store: JobStore,
  executor: string,
): { readonly health: Health; readonly reason: string | null } {
  const record = store.managers.get(executor)
  return { health: record?.health ?? "up", reason: record?.reason ?? null }
}
