/** The body of a controller's own process: it opens the state directory, serves it, and ends when nothing is left to do. */
import { mkdir, realpath } from "node:fs/promises"
import { type Clock, systemClock } from "../clock.ts"
import { HawserError, asHawserError } from "../errors.ts"
import type { HawserApi, Person } from "../hawser.ts"
import { type PlaceOptions, placeSocket } from "./place.ts"
import { controllerEnded, controllerGone } from "./plain.ts"
import { Prompts } from "./prompts.ts"
import { ControlServer } from "./server.ts"
import { startupReport } from "./startup.ts"

/** What `openController` gives: the API of a state directory that this process owns. */
export interface Controller extends HawserApi {
  /** Nothing is left to drive. */
  readonly isIdle: boolean
  /** Resolves, if ever, with why it can't go on: another controller took the state directory over. */
  readonly lost?: Promise<HawserError>
}

/**
 * Takes the lease, which names `socketPath`, and starts the engines. `down()` of what it gives calls `onDown`, and
 * rejects with what that throws. Rejects with `LEASE_HELD` when another process on this machine has the state directory.
 */
export type OpenController = (parts: {
  readonly stateDirectory: string
  readonly socketPath: string
  readonly onDown: () => void
  readonly person: Person
}) => Promise<Controller>

export interface RunOptions extends PlaceOptions {
  readonly stateDirectory: string
  readonly open: OpenController
  /** Does not end by itself. A client can ask for it later, too. */
  readonly stay?: boolean
  /** How long it stays when nothing is left to do. */
  readonly lingerMs?: number
  readonly clock?: Clock
}

const lookMs = 500

/**
 * Runs until it is idle for `lingerMs`, is asked to end (`down`, SIGTERM, SIGINT), or has lost the state directory.
 * Rejects with why it could not start or go on; whoever started it has been told the first, also when it is the
 * function for the options that throws (a wrong config). One that was started on demand while another was faster
 * resolves: both clients are served by that one. Jobs go on in every case.
 */
export async function runController(options: RunOptions | (() => RunOptions)): Promise<void> {
  const report = startupReport()
  try {
    await serve(typeof options === "function" ? options() : options, (socketPath) => report.ready(socketPath))
  } catch (error) {
    report.failed(error)
    if (report.isHeard && error instanceof HawserError && error.code === "LEASE_HELD") return
    throw error
  }
}

async function serve(options: RunOptions, onReady: (socketPath: string) => void): Promise<void> {
  const { clock = systemClock, open } = options
  await mkdir(options.stateDirectory, { recursive: true, mode: 0o700 })
  const stateDirectory = await realpath(options.stateDirectory)
  const place = (): string => placeSocket(stateDirectory, options)
  using ending = new Ending()
  const onDown = (): void => ending.because(controllerEnded("Somebody ran `hawser down`."))
  using prompts = new Prompts(clock)
  // Disposed of from the bottom up: the socket goes first, so that nobody finds a controller that has let go.
  await using api = await open({ stateDirectory, socketPath: place(), onDown, person: prompts })
  await using server = await ControlServer.open({ api, place, stateDirectory, prompts, clock })
  void api.lost?.then((why) => ending.because(why))
  onReady(server.socketPath)
  await untilIdle(server, api, options, clock, ending.signal)
  ending.because(controllerGone("Nothing was left to do."))
  const { why } = ending
  const isExpected = ["CONTROLLER_ENDED", "CONTROLLER_GONE"].includes(why.code)
  // Whoever waits here goes on with the controller that has the state directory now.
  await server.close(isExpected ? why : controllerGone(why.summary))
  if (!isExpected) throw why
}

/** Returns when nothing has been left to do for a while, or at once when `signal` is aborted. */
async function untilIdle(
  server: ControlServer,
  api: Controller,
  { stay = false, lingerMs = 10_000 }: RunOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let busyAt = clock.monotonic()
  while (!signal.aborted) {
    const isWanted = stay || server.isAskedToStay || !api.isIdle
    if (isWanted) busyAt = clock.monotonic()
    if (Math.min(clock.monotonic() - busyAt, server.quietMs) >= lingerMs) return
    await clock.sleep(Math.min(lookMs, lingerMs), signal).catch(() => undefined)
    await server.keepListening().catch((error: unknown) => console.error(error))
  }
}

/** Why the controller ends: the first reason counts. SIGTERM and SIGINT are reasons. */
class Ending implements Disposable {
  private readonly abort = new AbortController()
  private readonly onSignal = (signal: string): void => this.because(controllerEnded(`It received ${signal}.`))
  // The terminal that started it may close: that means nothing to a process with a session of its own.
  private readonly onHangup = (): void => undefined

  constructor() {
    process.on("SIGTERM", this.onSignal)
    process.on("SIGINT", this.onSignal)
    process.on("SIGHUP", this.onHangup)
  }

  get signal(): AbortSignal {
    return this.abort.signal
  }

  get why(): HawserError {
    return asHawserError(this.abort.signal.reason)
  }

  because(why: HawserError): void {
    this.abort.abort(why)
  }

  [Symbol.dispose](): void {
    process.off("SIGTERM", this.onSignal)
    process.off("SIGINT", this.onSignal)
    process.off("SIGHUP", this.onHangup)
  }
}
