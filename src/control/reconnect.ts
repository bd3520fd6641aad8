/** A HawserApi that outlives its controllers: when one goes away, waits go on with the next. */
import { type Clock, systemClock } from "../clock.ts"
import { HawserError, classOf } from "../errors.ts"
import type {
  DoctorLine,
  HawserApi,
  ListFilter,
  LogPiece,
  LogRequest,
  PruneRequest,
  PruneResult,
  Status,
  SubmitRequest,
  SubmitResult,
} from "../hawser.ts"
import type { AnyEvent, JobView } from "../job/index.ts"
import { isGone } from "./find.ts"
import { isRecord } from "./protocol.ts"

/** What stands behind it at the moment: a connection that may close, or the controller of this process. */
export interface Link extends HawserApi {
  readonly closed?: Promise<HawserError>
  stay?(): Promise<void>
}

export interface Reconnecting extends HawserApi {
  /** The controller stays, also when nothing is left to do, until `down`. */
  stay(): Promise<void>
}

/**
 * What may be asked twice is asked again when the controller was gone before it answered: questions, waits, cancels, and
 * submissions (which get their key here, so that a second one is the same job). `prune` and `doctor` reject with
 * `CONTROLLER_GONE`. A controller that a person ended is not started again by a wait: that rejects with
 * `CONTROLLER_ENDED`; the next call starts one.
 * What happens while no controller is there is not seen by listeners: a `seq` is missing then.
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
  end: (() => void) | null
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
    this.stateDirectory = first.stateDirectory
    this.reopen = reopen
    this.clock = clock
    this.use(first)
  }

  async submit(requests: readonly SubmitRequest[]): Promise<readonly SubmitResult[]> {
    const keyed = requests.map((request) =>
      hasKey(request) ? request : { ...request, key: `job-${this.clock.nonce(5)}` },
    )
    const results = await this.again((link) => link.submit(keyed), triesMax)
    return results.map((result, n) => (result.ok && keyed[n] !== requests[n] ? { ...result, existed: false } : result))
  }

  accepted(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.again((link) => link.accepted(ids, signal), Infinity, signal)
  }

  ended(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.again((link) => link.ended(ids, signal), Infinity, signal)
  }

  list(filter?: ListFilter): Promise<readonly JobView[]> {
    return this.again((link) => link.list(filter), triesMax)
  }

  show(name: string): Promise<JobView> {
    return this.again((link) => link.show(name), triesMax)
  }

  cancel(names: readonly string[]): Promise<readonly JobView[]> {
    return this.again((link) => link.cancel(names), triesMax)
  }

  logs(name: string, request: LogRequest): Promise<LogPiece> {
    return this.again((link) => link.logs(name, request), triesMax)
  }

  recover(executor?: string): Promise<readonly JobView[]> {
    return this.again((link) => link.recover(executor), triesMax)
  }

  prune(request: PruneRequest): Promise<PruneResult> {
    return this.again((link) => link.prune(request), 1)
  }

  doctor(executor: string, onLine: (line: DoctorLine) => void, signal?: AbortSignal): Promise<readonly DoctorLine[]> {
    return this.again((link) => link.doctor(executor, onLine, signal), 1, signal)
  }

  status(): Promise<Status> {
    return this.again((link) => link.status(), triesMax)
  }

  async subscribe(hear: (events: readonly AnyEvent[]) => void): Promise<() => void> {
    const listener: Listener = { hear, end: null }
    await this.again((link) => this.attach(listener, link), triesMax)
    this.listeners.add(listener)
    // Its controller may have gone in between; nobody would attach it to the next.
    if (this.link === null) this.relinkForListeners()
    return () => {
      this.listeners.delete(listener)
      listener.end?.()
    }
  }

  async stay(): Promise<void> {
    await this.again(async (link) => link.stay?.(), triesMax)
  }

  /** Where no controller is, there is nothing to end. */
  async down(): Promise<void> {
    const link = this.link
    if (link === null) return
    await link.down().catch((error: unknown) => {
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
  private async again<T>(call: (link: Link) => Promise<T>, tries: number, signal?: AbortSignal): Promise<T> {
    for (let left = tries; ; left -= 1) {
      const link = await this.current(signal)
      try {
        return await call(link)
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
        const link = await this.reopen(signal)
        for (const listener of this.listeners) await this.attach(listener, link)
        this.use(link)
        return link
      } catch (error) {
        const passes = isGone(error) || ["transient", "busy"].includes(classOf(error))
        if (signal.aborted || !passes || failures === failuresMax) throw error
        await this.clock.sleep(100 * 2 ** failures, signal)
      }
    }
  }

  private use(link: Link): void {
    this.link = link
    this.linkedAt = this.clock.monotonic()
    void link.closed?.then((why) => {
      if (this.link === link) this.link = null
      if (isGone(why)) this.relinkForListeners()
    })
  }

  private drop(link: Link): void {
    if (this.link === link) this.link = null
    Promise.resolve(link[Symbol.asyncDispose]()).catch(() => undefined)
  }

  private async attach(listener: Listener, link: Link): Promise<void> {
    listener.end = await link.subscribe(listener.hear)
  }

  /** A failure shows with the next call, which tries again. */
  private relinkForListeners(): void {
    if (this.listeners.size > 0 && !this.closing.signal.aborted) this.current().catch(() => undefined)
  }
}

function hasKey({ key, spec }: SubmitRequest): boolean {
  return key !== undefined || (isRecord(spec) && spec["key"] !== undefined)
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  let onAbort = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
    signal.addEventListener("abort", onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}

function closed(): HawserError {
  return new HawserError("CLOSED", { summary: "This Hawser was closed; jobs go on." })
}
