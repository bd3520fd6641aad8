/** Makes sure that a controller runs: connects to the one that does, or starts one that outlives us. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, open, realpath, rename, stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import { Readable } from "node:stream"
import { type Clock, systemClock, withDeadline } from "../clock.ts"
import { HawserError, StoreError } from "../errors.ts"
import { type ControlClient, connect } from "./client.ts"
import { type FindOptions, findController, isGone } from "./find.ts"
import { type Link, type Reconnecting, linkOf, reconnecting } from "./reconnect.ts"
import { type Startup, readStartup, readyDescriptor, readyVariable } from "./startup.ts"

export interface EnsureOptions extends FindOptions {
  /** The program: `dist/cli/main.js`. It is run as `node ENTRY controller --state DIR [--config FILE]`. */
  readonly entry: string
  readonly configFile?: string | null
  /** Where relative paths above start. Default: here. */
  readonly cwd?: string
  /** Further words for a controller that is started: `--stay`. */
  readonly args?: readonly string[]
  /** How long to wait for one that is starting, ms. */
  readonly startMsMax?: number
  /** How long to wait for a process that has the state directory and does not answer, ms. */
  readonly heldMsMax?: number
}

/** Another process has the state directory, on this machine: it is starting, ending, or a moment faster than ours. */
const leaseHeld = "LEASE_HELD"
/** A signal ended the controller while it was starting. */
const killed = "CONTROLLER_KILLED"
const killsMax = 3
const goodbyeMsMax = 1_000
const logBytesMax = 10 * 1024 * 1024

/**
 * A client of the controller of this state directory, which starts one where none answers. Its waits outlive the
 * controller (`reconnect.ts`). Throws what the controller said when it could not start (a wrong config,
 * `LEASE_HELD_ELSEWHERE` …), `CONTROLLER_DIED` with the end of its log, `CONTROLLER_KILLED` when three were ended by
 * signals one after the other, or `CONTROLLER_SLOW`.
 */
export async function ensureController(options: EnsureOptions): Promise<Reconnecting> {
  const { cwd = process.cwd(), clock = systemClock, configFile } = options
  const absolute: EnsureOptions = {
    ...options,
    clock,
    stateDirectory: await makeStateDirectory(resolve(cwd, options.stateDirectory)),
    configFile: configFile === undefined || configFile === null ? null : resolve(cwd, configFile),
    entry: resolve(cwd, options.entry),
  }
  const reopen = async (signal: AbortSignal): Promise<Link> => linkOf(await reach({ ...absolute, signal }, clock))
  return reconnecting(linkOf(await reach(absolute, clock)), reopen, clock)
}

async function reach(options: EnsureOptions, clock: Clock): Promise<ControlClient> {
  const { startMsMax = 60_000, heldMsMax = 60_000, signal } = options
  const until = clock.monotonic() + heldMsMax
  let kills = 0
  for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, 1_000)) {
    const running = await findController(options)
    if (running !== null) return running
    const error = await startAndConnect(options, clock, startMsMax)
    if (!(error instanceof HawserError)) return error
    // It may have lost the race against one that is there by now.
    const other = await findController(options)
    if (other !== null) return other
    // Whoever kills controllers may have killed this one, too: nothing was asked of it yet.
    const isKilled = error.code === killed && (kills += 1) < killsMax
    if ((error.code !== leaseHeld && !isGone(error) && !isKilled) || clock.monotonic() > until) throw error
    await clock.sleep(pauseMs, signal)
  }
}

async function startAndConnect(
  options: EnsureOptions,
  clock: Clock,
  startMsMax: number,
): Promise<ControlClient | HawserError> {
  const { stateDirectory, onPrompt, signal } = options
  await using log = await openLog(stateDirectory)
  const child = await startProcess(options, log.descriptor)
  const pipe = child.stdio[readyDescriptor]
  if (!(pipe instanceof Readable)) throw new TypeError("The pipe to the controller is missing.")
  try {
    const slow = (): HawserError => tooSlow(child, startMsMax, log.path)
    const startup = await withDeadline(clock, startMsMax, readStartup(pipe), slow)
    if (startup.kind !== "ready") return await errorOf(startup, await signalOf(child, clock), log)
    const limits = signal === undefined ? {} : { signal }
    return await connect(startup.socketPath, { stateDirectory, clock, onPrompt, ...limits })
  } catch (error) {
    if (isGone(error)) return error
    throw error
  } finally {
    pipe.destroy()
    child.unref()
  }
}

/** In a session of its own, holding nothing of ours: no terminal, no pipe, no directory. */
async function startProcess(options: EnsureOptions, logDescriptor: number): Promise<ChildProcess> {
  const { entry, stateDirectory, configFile, args = [], env = process.env } = options
  const config = configFile === undefined || configFile === null ? [] : ["--config", configFile]
  const child = spawn(process.execPath, [entry, "controller", "--state", stateDirectory, ...config, ...args], {
    cwd: "/",
    detached: true,
    env: { ...env, HAWSER_STATE: stateDirectory, [readyVariable]: String(readyDescriptor) },
    stdio: ["ignore", logDescriptor, logDescriptor, "pipe"],
  })
  await new Promise<void>((started, failed) => {
    child.once("spawn", started)
    child.once("error", (error) => failed(notStarted(error)))
  })
  return child
}

async function makeStateDirectory(path: string): Promise<string> {
  try {
    await mkdir(join(path, "log"), { recursive: true, mode: 0o700 })
    return await realpath(path)
  } catch (error) {
    throw new StoreError("STATE_UNUSABLE", {
      summary: "The state directory can't be used.",
      reason: error instanceof Error ? error.message : String(error),
      advice: "Choose another one with --state or HAWSER_STATE.",
      cause: error,
    })
  }
}

interface LogFile extends AsyncDisposable {
  readonly path: string
  readonly descriptor: number
  /** Before this start, bytes. */
  readonly size: number
}

async function openLog(stateDirectory: string): Promise<LogFile> {
  const path = join(stateDirectory, "log", "controller.log")
  const before = await stat(path).catch(() => undefined)
  if ((before?.size ?? 0) > logBytesMax) await rename(path, `${path}.1`)
  const file = await open(path, "a", 0o600)
  const { size } = await file.stat()
  return { path, descriptor: file.fd, size, [Symbol.asyncDispose]: () => file.close() }
}

/** What ended it; null: nothing did, or it ended by itself. Its pipe is closed a moment before its end is told. */
async function signalOf(child: ChildProcess, clock: Clock): Promise<NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null)
    await Promise.race([once(child, "exit"), clock.sleep(goodbyeMsMax)])
  return child.signalCode
}

async function errorOf(
  startup: Exclude<Startup, { kind: "ready" }>,
  signal: NodeJS.Signals | null,
  log: LogFile,
): Promise<HawserError> {
  if (startup.kind === "failed") return startup.error
  const lastWords = await endOf(log.path, log.size)
  return new HawserError(signal === null ? "CONTROLLER_DIED" : killed, {
    summary: `The controller ${signal === null ? "ended" : `was ended by ${signal}`} while it was starting.`,
    reason: lastWords || "It said nothing.",
    advice: `Its log is ${log.path}.`,
    class: "transient",
  })
}

/** The last lines that were written since `from`. */
async function endOf(path: string, from: number): Promise<string> {
  const file = await open(path, "r")
  try {
    const { size } = await file.stat()
    const start = Math.max(from, size - 4_096)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - start)), 0, null, start)
    const lines = buffer.toString("utf8", 0, bytesRead).split("\n")
    return lines
      .filter((line) => line.trim() !== "")
      .slice(-3)
      .join("\n")
  } finally {
    await file.close()
  }
}

function notStarted(error: Error): HawserError {
  return new HawserError("CONTROLLER_NOT_STARTED", {
    summary: "The controller could not be started.",
    reason: error.message,
    class: "transient",
    cause: error,
  })
}

function tooSlow(child: ChildProcess, ms: number, log: string): HawserError {
  return new HawserError("CONTROLLER_SLOW", {
    summary: "The controller is still starting.",
    reason: `Process ${child.pid} has not been ready for ${ms / 1000} s.`,
    advice: `Try again in a while; its log is ${log}.`,
    class: "busy",
  })
}
