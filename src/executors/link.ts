/** The link to one manager: at most one session, opened when it is needed and replaced when it is lost. */
import type { Clock } from "../clock.ts"
import { HawserError, TransportError } from "../errors.ts"
import type { Health } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"
import { type HostFacts, type Place, homeName } from "../remote/layout.ts"
import { asOwner, hello, takeOwner } from "../remote/verbs.ts"
import type { Breaker } from "../retry/breaker.ts"
import type { Native, Scheduler } from "../schedulers/scheduler.ts"
import type { Attendance } from "../transport/person.ts"
import type { Session } from "../transport/session.ts"
import type { Log } from "./log.ts"

/** A session that is open, and what goes with it. */
export interface Live {
  readonly session: Session
  readonly place: Place
  readonly facts: HostFacts
  /** The manager's wall clock less ours, ms. */
  readonly clockOffsetMs: number
  /** Sends a dialect's cancel, each command only if no higher owner number exists on the other side (PROTOCOL 26). */
  cancel(
    scheduler: Scheduler,
    natives: readonly Native[],
    how: { readonly force: boolean },
    signal: AbortSignal,
  ): Promise<void>
}

/** Nothing is asked now, whatever the number of jobs: the breaker waits. */
class RestingError extends HawserError {
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
  private opening: Promise<Live> | null = null
  private live: Live | null = null
  /** The last login failed for an answer that nobody gave. */
  private isWaitingForPerson = false
  private arrivalsTried = 0
  private superseded: HawserError | null = null

  constructor(parts: LinkParts) {
    this.parts = parts
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
    // Who has no name tells nobody how it went, so it must not stay the prober for whom all others wait.
    if (who === null) this.parts.breaker.release(null)
    if (this.live !== null) return this.live
    this.opening ??= this.connect(signal).finally(() => {
      this.opening = null
    })
    return this.opening
  }

  /** The manager has answered as a manager in working order does. */
  succeeded(): void {
    this.parts.breaker.succeeded()
  }

  /** Counts a failure and returns the milliseconds until the next try. A session that failed is let go. */
  async failed(error: HawserError, who: string): Promise<number> {
    if (error instanceof RestingError) return error.waitMs
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

  /** The manager's wall clock less ours, ms; 0 while nobody is connected. */
  get clockOffsetMs(): number {
    return this.live?.clockOffsetMs ?? 0
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
    const { store, root, clock, log, executor } = this.parts
    const session = await this.open(signal)
    try {
      const facts = await session.ask(hello(root, homeName(store.identity.stateId, executor)), signal)
      const owner = await this.own(session, facts, signal)
      await this.recordContact(facts)
      log.info({ executor, address: this.address, owner, host: facts.hostname }, "connected")
      const place: Place = { home: facts.home, owner }
      const live: Live = {
        session,
        place,
        facts,
        clockOffsetMs: facts.now - clock.now(),
        async cancel(scheduler, natives, how, signal) {
          const commands = scheduler.cancel(natives, { ...how, owner }).map((command) => asOwner(place, command))
          await Promise.all(commands.map((command) => session.act(command, signal)))
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

  /** The next owner number: whoever holds a lower one can do nothing more over there. */
  private async own(session: Session, facts: HostFacts, signal: AbortSignal): Promise<number> {
    const { store, clock } = this.parts
    const text = `epoch:${store.epoch}:${clock.nonce(8)}`
    let wanted = facts.owner + 1
    for (;;) {
      const { won, highest } = await session.act(takeOwner({ home: facts.home, owner: wanted }, text), signal)
      if (won) return wanted
      wanted = Math.max(highest, wanted) + 1
    }
  }

  private async recordContact(facts: HostFacts): Promise<void> {
    const { store, executor } = this.parts
    const known = store.managers.get(executor)?.contacted
    if (known?.machine === facts.machine && known.root === facts.home) return
    await store.append([{ executor, type: "contacted", root: facts.home, machine: facts.machine, visible: true }])
  }
}

/** Health as the log has it; `up` before anything was tried. */
export function healthOf(
  store: JobStore,
  executor: string,
): { readonly health: Health; readonly reason: string | null } {
  const record = store.managers.get(executor)
  return { health: record?.health ?? "up", reason: record?.reason ?? null }
}
