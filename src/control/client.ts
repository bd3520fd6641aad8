/** A HawserApi that is carried to the controller of another process over its control socket. */
import { type Clock, systemClock, withDeadline } from "../clock.ts"
import { HawserError, TransportError } from "../errors.ts"
import type {
  AbandonRequest,
  DoctorLine,
  HawserApi,
  ListFilter,
  LogRequest,
  PauseRequest,
  PruneRequest,
  SubmitRequest,
  WishRequest,
} from "../hawser.ts"
import type { AnyEvent } from "../job/index.ts"
import { version } from "../version.ts"
import { untilAborted } from "../abort.ts"
import { type Line, dial } from "./line.ts"
import type { Answerer } from "./prompts.ts"
import { type Methods, type Welcome, protocolNumber } from "./protocol.ts"
import { withSurroundings } from "./surroundings.ts"

/**
 * Calls reject with the controller's own HawserError, with `CONTROLLER_GONE` (transient) when the socket closes before
 * the answer, and with the signal's reason when it is aborted. What was asked may then have happened all the same.
 */
export interface ControlClient extends HawserApi {
  readonly controller: Welcome
  /** Resolves with why when the connection has ended. */
  readonly closed: Promise<HawserError>
  /** The controller stays, also when nothing is left to do, until `down`. */
  stay(): Promise<void>
}

export interface ConnectOptions {
  /** The real path; if given, a controller of another one is refused with `CONTROLLER_OF_ANOTHER`. */
  readonly stateDirectory?: string
  /** For the greeting. A controller that is stopped accepts connections and says nothing. */
  readonly helloMsMax?: number
  /** Asks the person who is here. Without it nobody is. */
  readonly onPrompt?: Answerer | undefined
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/**
 * Throws `CONTROLLER_GONE` when nobody listens, `CONTROLLER_SILENT` when nobody answers, and a UsageError
 * `CONTROLLER_VERSION` when the controller is of another protocol.
 */
export async function connect(socketPath: string, options: ConnectOptions = {}): Promise<ControlClient> {
  const { clock = systemClock, helloMsMax = 30_000, onPrompt, signal } = options
  const line = await dial(socketPath)
  try {
    const hello = line.call("hello", { protocol: protocolNumber, version }, { signal })
    const controller = await withDeadline(clock, helloMsMax, hello, () =>
      silent({ reason: `It accepted a connection on ${socketPath} and said nothing for ${helloMsMax / 1000} s.` }),
    )
    if (options.stateDirectory !== undefined && options.stateDirectory !== controller.stateDirectory) {
      throw ofAnother(controller, options.stateDirectory)
    }
    if (onPrompt !== undefined) await line.attend(onPrompt, signal)
    return new Client(line, controller)
  } catch (error) {
    line.close()
    throw error
  }
}

/** Asks the controller, of whatever version, to end; resolves when its socket has closed. */
export async function askDown(socketPath: string, signal?: AbortSignal): Promise<void> {
  const line = await dial(socketPath)
  try {
    await line.call("down", {}, { signal }).catch((error: unknown) => {
      if (!(error instanceof HawserError && error.code === "CONTROLLER_GONE")) throw error
    })
    await untilAborted(line.closed, signal)
  } finally {
    line.close()
  }
}

class Client implements ControlClient {
  readonly controller: Welcome
  private readonly line: Line
  private readonly listeners = new Set<(events: readonly AnyEvent[]) => void>()
  private subscription: { readonly begun: Promise<unknown>; readonly end: AbortController } | null = null

  constructor(line: Line, controller: Welcome) {
    this.line = line
    this.controller = controller
  }

  get stateDirectory(): string {
    return this.controller.stateDirectory
  }

  get closed(): Promise<HawserError> {
    return this.line.closed
  }

  /** Thousands of jobs are more than a message; each thousand is recorded by itself, in order. */
  async submit(requests: readonly SubmitRequest[]): Promise<Methods["submit"]["result"]> {
    const told = requests.map((request) => withSurroundings(request))
    const results: Methods["submit"]["result"][number][] = []
    for (let start = 0; start < told.length; start += requestsMax) {
      results.push(...(await this.line.call("submit", { requests: told.slice(start, start + requestsMax) })))
    }
    return results
  }

  accepted(ids: readonly string[], signal?: AbortSignal): Promise<Methods["accepted"]["result"]> {
    return this.line.call("accepted", { ids }, { signal })
  }

  ended(ids: readonly string[], signal?: AbortSignal): Promise<Methods["ended"]["result"]> {
    return this.line.call("ended", { ids }, { signal })
  }

  list(filter?: ListFilter): Promise<Methods["list"]["result"]> {
    return this.line.call("list", filter === undefined ? {} : { filter })
  }

  show(name: string): Promise<Methods["show"]["result"]> {
    return this.line.call("show", { name })
  }

  explain(name: string): Promise<Methods["explain"]["result"]> {
    return this.line.call("explain", { name })
  }

  cancel(names: readonly string[]): Promise<Methods["cancel"]["result"]> {
    return this.line.call("cancel", { names })
  }

  wish(request: WishRequest): Promise<Methods["wish"]["result"]> {
    return this.line.call("wish", { request })
  }

  async pause(request: PauseRequest): Promise<void> {
    await this.line.call("pause", { request })
  }

  abandon(request: AbandonRequest): Promise<Methods["abandon"]["result"]> {
    return this.line.call("abandon", { request })
  }

  logs(name: string, request: LogRequest): Promise<Methods["logs"]["result"]> {
    return this.line.call("logs", { name, request })
  }

  recover(executor?: string): Promise<Methods["recover"]["result"]> {
    return this.line.call("recover", executor === undefined ? {} : { executor })
  }

  prune(request: PruneRequest): Promise<Methods["prune"]["result"]> {
    return this.line.call("prune", { request })
  }

  doctor(
    executor: string,
    onLine: (line: DoctorLine) => void,
    signal?: AbortSignal,
  ): Promise<Methods["doctor"]["result"]> {
    return this.line.call("doctor", { executor }, { signal, onDoctorLine: onLine })
  }

  status(): Promise<Methods["status"]["result"]> {
    return this.line.call("status", {})
  }

  /** However many listen from now on, the events come over the socket once. */
  async subscribe(listener: (events: readonly AnyEvent[]) => void, fromSeq?: number): Promise<() => void> {
    if (fromSeq !== undefined) {
      const end = new AbortController()
      await this.line.call("subscribe", { fromSeq }, { signal: end.signal, onEvents: listener })
      return () => end.abort()
    }
    const own = (events: readonly AnyEvent[]): void => listener(events)
    this.listeners.add(own)
    const { begun } = (this.subscription ??= this.beginSubscription())
    const end = (): void => {
      if (!this.listeners.delete(own) || this.listeners.size > 0) return
      this.subscription?.end.abort()
      this.subscription = null
    }
    try {
      await begun
    } catch (error) {
      end()
      throw error
    }
    return end
  }

  async stay(): Promise<void> {
    await this.line.call("stay", {})
  }

  async down(): Promise<void> {
    await this.line.call("down", {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.line.close()
  }

  private beginSubscription(): { readonly begun: Promise<unknown>; readonly end: AbortController } {
    const end = new AbortController()
    const onEvents = (events: readonly AnyEvent[]): void => {
      for (const listener of this.listeners) listener(events)
    }
    return { begun: this.line.call("subscribe", {}, { signal: end.signal, onEvents }), end }
  }
}

const requestsMax = 1_000

function silent({ reason }: { readonly reason: string }): TransportError {
  return new TransportError("CONTROLLER_SILENT", {
    summary: "The controller runs and does not answer.",
    reason,
    advice: "If it is stopped, let it go on (kill -CONT); else end it: jobs go on, and the next controller finds them.",
    class: "busy",
  })
}

function ofAnother({ pid, stateDirectory }: Welcome, wanted: string): HawserError {
  return new HawserError("CONTROLLER_OF_ANOTHER", {
    summary: "The control socket belongs to the controller of another state directory.",
    reason: `Process ${pid} has ${stateDirectory}, and not ${wanted}.`,
    advice: `End that process (jobs go on), and try again.`,
  })
}
