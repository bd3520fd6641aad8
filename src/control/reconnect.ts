/** A HawserApi that outlives its controllers: when one goes away, waits go on with the next. */
import { type Clock, systemClock } from "../clock.ts"
import { HawserError, classOf } from "../errors.ts"
import type {
  AbandonRequest,
  AbandonResult,
  DoctorLine,
  Explanation,
  HawserApi,
  ListFilter,
  LogPiece,
  LogRequest,
  PauseRequest,
  PruneRequest,
  PruneResult,
  Status,
  SubmitRequest,
  SubmitResult,
  WishRequest,
} from "../hawser.ts"
import type { AnyEvent, JobView } from "../job/index.ts"
import { untilAborted } from "../abort.ts"
import type { ControlClient } from "./client.ts"
import { isGone } from "./find.ts"
import { isRecord } from "./protocol.ts"

/** What stands behind it at the moment: a connection that may close, or the controller of this process. */
export interface Link extends AsyncDisposable {
  readonly api: HawserApi & { stay?(): Promise<void> }
  /** Resolves, if ever, with why it is of no use any more. */
  readonly closed: Promise<HawserError>
}

export interface Reconnecting extends HawserApi {
  /** The controller stays, also when nothing is left to do, until `down`. */
  stay(): Promise<void>
}

/**
 * What may be asked twice is asked again when the controller was gone before it answered: questions, waits, cancels, and
 * submissions (which get their key here, so that a second one is the same job). `abandon`, `prune` and `doctor` reject with
 * `CONTROLLER_GONE`. A controller that a person ended is not started again by a wait: that rejects with
 * `CONTROLLER_ENDED`; the next call starts one.
 * What happened while nobody was connected reaches listeners from the journal; where that has forgotten it, a `seq` is
 * missing.
 */
export function reconnecting(
  first: Link,
  reopen: (signal: AbortSignal) => Promise<Link>,
  clock: Clock = systemClock,
): Reconnecting {
  return new ReconnectingApi(first, reopen, clock)
}

/** A question that has lost this many controllers is given up; a wait is not. */
const triesMax = 3
/** So is reopening that failed this often in a row. */
const failuresMax = 5
/** A controller that lived shorter than this is followed by a pause. */
const steadyMs = 10_000
const pauseMsMax = 10_000

interface Listener {
  readonly hear: (events: readonly AnyEvent[]) => void
  /** The number of the event that it wants next; null: the next one that comes. */
  nextSeq: number | null
  attachedTo: Link | null
  end: () => void
}

class ReconnectingApi implements Reconnecting {
  readonly stateDirectory: string
  private readonly reopen: (signal: AbortSignal) => Promise<Link>
  private readonly clock: Clock
  private readonly closing = new AbortController()
  private readonly listeners = new Set<Listener>()
  private link: Link | null = null
  private relinking: Promise<Link> | null = null
  private linkedAt = 0
  private pauseMs = 0

  constructor(first: Link, reopen: (signal: AbortSignal) => Promise<Link>, clock: Clock) {
    this.stateDirectory = first.api.stateDirectory
    this.reopen = reopen
    this.clock = clock
    this.use(first)
  }

  async submit(requests: readonly SubmitRequest[]): Promise<readonly SubmitResult[]> {
    const keyed = requests.map((request) =>
      hasKey(request) ? request : { ...request, key: `job-${this.clock.nonce(5)}` },
    )
    const results = await this.again((api) => api.submit(keyed), triesMax)
    return results.map((result, n) => (result.ok && keyed[n] !== requests[n] ? { ...result, existed: false } : result))
  }

  accepted(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.again((api) => api.accepted(ids, signal), Infinity, signal)
  }

  ended(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.again((api) => api.ended(ids, signal), Infinity, signal)
  }

  list(filter?: ListFilter): Promise<readonly JobView[]> {
    return this.again((api) => api.list(filter), triesMax)
  }

  show(name: string): Promise<JobView> {
    return this.again((api) => api.show(name), triesMax)
  }

  explain(name: string): Promise<Explanation> {
    return this.again((api) => api.explain(name), triesMax)
  }

  cancel(names: readonly string[]): Promise<readonly JobView[]> {
    return this.again((api) => api.cancel(names), triesMax)
  }

  wish(request: WishRequest): Promise<readonly JobView[]> {
    return this.again((api) => api.wish(request), triesMax)
  }

  pause(request: PauseRequest): Promise<void> {
    return this.again((api) => api.pause(request), triesMax)
  }

  abandon(request: AbandonRequest): Promise<AbandonResult> {
    return this.again((api) => api.abandon(request), 1)
  }

  logs(name: string, request: LogRequest): Promise<LogPiece> {
    return this.again((api) => api.logs(name, request), triesMax)
  }

  recover(executor?: string): Promise<readonly JobView[]> {
    return this.again((api) => api.recover(executor), triesMax)
  }

  prune(request: PruneRequest): Promise<PruneResult> {
    return this.again((api) => api.prune(request), 1)
  }

  doctor(executor: string, onLine: (line: DoctorLine) => void, signal?: AbortSignal): Promise<readonly DoctorLine[]> {
    return this.again((api) => api.doctor(executor, onLine, signal), 1, signal)
  }

  status(): Promise<Status> {
    return this.again((api) => api.status(), triesMax)
  }

  async subscribe(listen: (events: readonly AnyEvent[]) => void, fromSeq?: number): Promise<() => void> {
    const hear = (events: readonly AnyEvent[]): void => {
      listener.nextSeq = (events.at(-1)?.seq ?? (listener.nextSeq ?? 1) - 1) + 1
      listen(events)
    }
    const listener: Listener = { hear, nextSeq: fromSeq ?? null, attachedTo: null, end: () => undefined }
    const end = (): void => {
      this.listeners.delete(listener)
      listener.end()
    }
    this.listeners.add(listener)
    try {
      await this.again((_api, link) => this.attach(listener, link), triesMax)
    } catch (error) {
      end()
      throw error
    }
    return end
  }

  async stay(): Promise<void> {
    await this.again(async (api) => api.stay?.(), triesMax)
  }

  /** Where no controller is, there is nothing to end. */
  async down(): Promise<void> {
    const link = this.link
    if (link === null) return
    await link.api.down().catch((error: unknown) => {
      if (!isGone(error)) throw error
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closing.abort(closed())
    this.listeners.clear()
    const link = this.link ?? (await this.relinking?.catch(() => null))
    await link?.[Symbol.asyncDispose]()
  }

  /** Makes the call, and makes it again with the next controller as long as the one that has it goes away. */
  private async again<T>(
    call: (api: Link["api"], link: Link) => Promise<T>,
    tries: number,
    signal?: AbortSignal,
  ): Promise<T> {
    for (let left = tries; ; left -= 1) {
      const link = await this.current(signal)
      try {
        return await call(link.api, link)
      } catch (error) {
        if (this.closing.signal.aborted) throw closed()
        if (!isGone(error)) throw error
        this.drop(link)
        if (left <= 1) throw error
      }
    }
  }

  private async current(signal?: AbortSignal): Promise<Link> {
    signal?.throwIfAborted()
    this.closing.signal.throwIfAborted()
    if (this.link !== null) return this.link
    this.relinking ??= this.relink().finally(() => (this.relinking = null))
    return untilAborted(this.relinking, signal)
  }

  private async relink(): Promise<Link> {
    const { signal } = this.closing
    const wasSteady = this.clock.monotonic() - this.linkedAt > steadyMs
    this.pauseMs = wasSteady ? 0 : Math.min(Math.max(100, 2 * this.pauseMs), pauseMsMax)
    await this.clock.sleep(this.pauseMs, signal)
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.attachAll(await this.reopen(signal))
      } catch (error) {
        const passes = isGone(error) || ["transient", "busy"].includes(classOf(error))
        if (signal.aborted || !passes || failures === failuresMax) throw error
        await this.clock.sleep(100 * 2 ** failures, signal)
      }
    }
  }

  /** Listeners first: who asks afterwards has heard what led to the answer. */
  private async attachAll(link: Link): Promise<Link> {
    try {
      for (const listener of this.listeners) await this.attach(listener, link)
    } catch (error) {
      await link[Symbol.asyncDispose]()
      throw error
    }
    this.use(link)
    return link
  }

  private use(link: Link): void {
    this.link = link
    this.linkedAt = this.clock.monotonic()
    void link.closed.then((why) => {
      this.drop(link)
      if (why.code !== "CONTROLLER_ENDED") this.relinkForListeners()
    })
  }

  private drop(link: Link): void {
    if (this.link !== link) return
    this.link = null
    Promise.resolve(link[Symbol.asyncDispose]()).catch(() => undefined)
  }

  private async attach(listener: Listener, link: Link): Promise<void> {
    if (listener.attachedTo === link) return
    const isFirst = listener.attachedTo === null
    listener.attachedTo = link
    const end = await subscribeTo(link, listener, isFirst)
    if (this.listeners.has(listener)) listener.end = end
    else end()
  }

  /** A failure shows with the next call, which tries again. */
  private relinkForListeners(): void {
    if (this.listeners.size > 0 && !this.closing.signal.aborted) this.current().catch(() => undefined)
  }
}

/** What the journal has forgotten is missed, but for a listener that has asked for it. */
async function subscribeTo({ api }: Link, { hear, nextSeq }: Listener, isFirst: boolean): Promise<() => void> {
  if (nextSeq === null) return api.subscribe(hear)
  return api.subscribe(hear, nextSeq).catch((error: unknown) => {
    if (isFirst || !(error instanceof HawserError && error.code === "EVENTS_FORGOTTEN")) throw error
    return api.subscribe(hear)
  })
}

/** A client, as what stands behind a Reconnecting. */
export function linkOf(client: ControlClient): Link {
  return { api: client, closed: client.closed, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() }
}

function hasKey({ key, spec }: SubmitRequest): boolean {
  return key !== undefined || (isRecord(spec) && spec["key"] !== undefined)
}

function closed(): HawserError {
  return new HawserError("CLOSED", { summary: "This Hawser was closed; jobs go on." })
}
