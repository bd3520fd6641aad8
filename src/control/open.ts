/** Opens a state directory for a program: with the controller that runs, or as its controller. */
import { mkdir, realpath } from "node:fs/promises"
import { type Clock, systemClock } from "../clock.ts"
import { HawserError } from "../errors.ts"
import type { DoctorLine, HawserApi, PruneRequest, PruneResult, Status } from "../hawser.ts"
import { untilAborted } from "../abort.ts"
import type { Controller, OpenController } from "./controller.ts"
import { ApiExecutor, type JobExecutor } from "./executor.ts"
import { findController } from "./find.ts"
import { type PlaceOptions, placeSocket } from "./place.ts"
import { type Answerer, Prompts } from "./prompts.ts"
import { type Link, linkOf, reconnecting } from "./reconnect.ts"
import { ControlServer } from "./server.ts"

export interface AttachOptions extends PlaceOptions {
  readonly stateDirectory: string
  readonly open: OpenController
  /** Asks the person who is here, whichever process is the controller. Without it nobody is. */
  readonly onPrompt?: Answerer | undefined
  /** How long to wait for a process that has the state directory and does not answer, ms. */
  readonly heldMsMax?: number
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/**
 * All executors of a state directory. `await using` closes it: waits reject, the connections go, and jobs go on.
 * It is itself the executor that submits to the default one and sees all jobs.
 */
export class Hawser extends ApiExecutor implements AsyncDisposable {
  constructor(api: HawserApi) {
    super(api, null)
  }

  /** Absolute. */
  get stateDirectory(): string {
    return this.api.stateDirectory
  }

  /** The one of that name in the config; without a name, the default one. An unknown name shows with the first call. */
  executor(name?: string): JobExecutor {
    return name === undefined ? this : new ApiExecutor(this.api, name)
  }

  async prune(request: PruneRequest, signal?: AbortSignal): Promise<PruneResult> {
    return untilAborted(this.api.prune(request), signal)
  }

  /** Checks one executor, line by line. */
  async doctor(
    executor: string,
    onLine: (line: DoctorLine) => void = () => undefined,
    signal?: AbortSignal,
  ): Promise<readonly DoctorLine[]> {
    return this.api.doctor(executor, onLine, signal)
  }

  async status(signal?: AbortSignal): Promise<Status> {
    return untilAborted(this.api.status(), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]()
  }
}

/**
 * A client of the controller that runs; where none does, this process becomes the controller, and other processes can
 * use it over its socket. If the other one ends, the next call finds another one, or becomes it.
 */
export async function attach(options: AttachOptions): Promise<Hawser> {
  const { clock = systemClock } = options
  await mkdir(options.stateDirectory, { recursive: true, mode: 0o700 })
  const stateDirectory = await realpath(options.stateDirectory)
  const absolute = { ...options, stateDirectory }
  const reopen = (signal: AbortSignal): Promise<Link> => findOrOwn({ ...absolute, signal }, clock)
  return new Hawser(reconnecting(await findOrOwn(absolute, clock), reopen, clock))
}

async function findOrOwn(options: AttachOptions, clock: Clock): Promise<Link> {
  const { heldMsMax = 60_000, signal } = options
  const until = clock.monotonic() + heldMsMax
  for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, 1_000)) {
    const running = await findController(options)
    if (running !== null) return linkOf(running)
    try {
      return await own(options, clock)
    } catch (error) {
      // It is starting, ending, or was a moment faster.
      const isHeld = error instanceof HawserError && error.code === "LEASE_HELD"
      if (!isHeld || clock.monotonic() > until) throw error
    }
    await clock.sleep(pauseMs, signal)
  }
}

async function own(options: AttachOptions, clock: Clock): Promise<Link> {
  const { stateDirectory, open, onPrompt } = options
  const prompts = new Prompts(clock)
  if (onPrompt !== undefined) prompts.join(onPrompt)
  const place = (): string => placeSocket(stateDirectory, options)
  const onDown = (): never => refuseDown(stateDirectory)
  const api = await open({ stateDirectory, socketPath: place(), onDown, person: prompts })
  try {
    const server = await ControlServer.open({ api, place, stateDirectory, prompts, clock })
    return new OwnLink(api, server, prompts, clock)
  } catch (error) {
    await api[Symbol.asyncDispose]()
    throw error
  }
}

/** The controller of this process, and the socket by which others use it. */
class OwnLink implements Link {
  readonly api: Controller
  readonly closed: Promise<HawserError>
  private readonly server: ControlServer
  private readonly prompts: Prompts
  private readonly closing = new AbortController()
  private readonly tending: Promise<void>

  constructor(api: Controller, server: ControlServer, prompts: Prompts, clock: Clock) {
    this.api = api
    this.server = server
    this.prompts = prompts
    this.closed = api.lost ?? new Promise(() => undefined)
    this.tending = this.tend(clock)
  }

  /** The socket goes first, so that nobody finds a controller that has let go. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.closing.abort()
    await this.tending
    await this.server[Symbol.asyncDispose]()
    await this.api[Symbol.asyncDispose]()
    this.prompts[Symbol.dispose]()
  }

  private async tend(clock: Clock): Promise<void> {
    const { signal } = this.closing
    while (!signal.aborted) {
      await clock.sleep(2_000, signal).catch(() => undefined)
      if (!signal.aborted) await this.server.keepListening().catch(() => undefined)
    }
  }
}

function refuseDown(stateDirectory: string): never {
  throw new HawserError("CONTROLLER_EMBEDDED", {
    summary: "The controller is part of a program and can't be ended alone.",
    reason: `Process ${process.pid} has ${stateDirectory} open through the library.`,
    advice: "End that program; its jobs go on.",
  })
}
