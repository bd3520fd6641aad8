/** The job wrapper as a process on a virtual node: guard, started, payload, exit, hint, step by step as `wrapper.sh`. */
import { wrapperExit } from "../remote/answer.ts"
import { type Home, type JobFolder, takeGuard, wasStopped } from "./home.ts"
import type { Strike } from "./strikes.ts"
import type { Timeline } from "./timeline.ts"

/** What a payload does. */
export interface Behaviour {
  readonly seconds: number
  readonly exitCode: number
  /** TERM does not end it; KILL does. */
  readonly ignoresTerm: boolean
  /** A shell whose child is told to end before it is, and its wrapper last: it exits with 143 by itself. Default: it is not. */
  readonly endsByChild?: boolean
  /** Bytes of the output that it leaves when it ends by itself. Default: it leaves none. */
  readonly outputBytes?: number
}

/** The name of that output. */
export const outputName = "out.dat"

/** One run of a payload, as it really was. */
export interface Run {
  readonly token: string
  readonly key: string
  readonly attempt: number
  readonly nativeId: string
  readonly start: number
  readonly startedAt: number
  endedAt: number | null
  /** Null while it runs, and for one that was ended by a signal. */
  exitCode: number | null
  /** What stands in its output; null: there is none. */
  output: string | null
}

/** A process of a native, which can be signalled and killed from outside. */
export class NodeProcess {
  alive = true
  told: "TERM" | null = null
  /** Called when it is killed. */
  onKill: () => void = () => undefined
  readonly #timeline: Timeline
  #wake: (() => void) | null = null

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  term(): void {
    if (!this.alive) return
    this.told = "TERM"
    this.#wake?.()
  }

  kill(): void {
    if (!this.alive) return
    this.alive = false
    this.onKill()
    this.#wake?.()
  }

  /** Ends early on a signal. A killed process never comes back from it. */
  async nap(ms: number): Promise<void> {
    if (this.alive) {
      await new Promise<void>((resolve) => {
        const callOff = this.#timeline.after(ms, resolve)
        this.#wake = () => {
          callOff()
          resolve()
        }
      })
      this.#wake = null
    }
    if (!this.alive) await new Promise(() => undefined)
  }
}

export interface WrapperParts {
  readonly timeline: Timeline
  readonly process: NodeProcess
  /** Null: the node does not see our file system. */
  readonly home: Home | null
  readonly token: string
  readonly nativeId: string
  readonly start: number
  readonly nonce: string
  /** Seconds since 1970, as the node has it. */
  readonly seconds: () => number
  /** How long what is written here takes to show on the login node, ms. */
  readonly lagMs: () => number
  /** The small times between two steps, ms. */
  readonly pauseMs: () => number
  readonly behaviour: (key: string, attempt: number) => Behaviour
  readonly onRun: (run: Run) => void
  /** It ends without having run the payload, for want of its files or of time. */
  readonly onHindered: (token: string) => void
  readonly strike: (strike: Strike) => void
  /** False: a broken wrapper, which runs the payload whoever holds the guard. */
  readonly isGuarded: boolean
}

/** Resolves with its exit code; never when it was killed. */
export async function runWrapper(parts: WrapperParts): Promise<number> {
  const { timeline, process, token, start } = parts
  const found = await find(parts)
  if (found === null) {
    parts.onHindered(token)
    return wrapperExit.missing
  }
  const { home, folder } = found
  await process.nap(parts.pauseMs())
  if (!hold(parts, folder)) {
    parts.strike("a native finds its guard taken")
    return wrapperExit.guarded
  }
  await process.nap(parts.pauseMs())
  if (home.jobs.get(token) !== folder) return wrapperExit.missing
  let at = parts.seconds()
  const fail = (why: string): number => {
    parts.onHindered(token)
    writeExit(parts, found, { code: wrapperExit.launch, signal: null, why, at })
    return wrapperExit.launch
  }
  const before = Number(folder.files.get("start-before") ?? Infinity)
  const isAgain = [...folder.started.keys()].some((one) => one < start)
  const isLate = (): boolean => at >= before && !isAgain
  for (let pause = 1; home.isFull && !isLate() && pause <= 8 && process.told === null; pause *= 2) {
    parts.strike("a native waits for room on its disk")
    await process.nap(pause * 1_000)
    if (home.jobs.get(token) !== folder) return wrapperExit.missing
    at = parts.seconds()
  }
  if (isLate()) return fail(`it was to start before ${before}, and it is ${at} (seconds since 1970)`)
  if (home.isFull) return fail(`started.${start} can't be written`)
  folder.started.set(start, { value: startedRecord(parts, at), seenAt: timeline.now + parts.lagMs() })
  await process.nap(parts.pauseMs())
  if (process.told !== null) return fail(`the manager ended it (${process.told}) before the payload was started`)
  const { code, signal } = await runPayload(parts, found)
  await process.nap(parts.pauseMs())
  // Also on a full disk: its room was reserved.
  if (home.jobs.get(token) === folder) writeExit(parts, found, { code, signal, why: null, at })
  return code
}

interface Found {
  readonly home: Home
  readonly folder: JobFolder
}

/** Three looks, a second apart: never created here. */
async function find({ timeline, process, home, token }: WrapperParts): Promise<Found | null> {
  for (let tries = 3; ; tries -= 1) {
    const folder = home?.jobs.get(token)
    if (home !== null && folder !== undefined && folder.seenOnNodesAt <= timeline.now) return { home, folder }
    if (tries === 1) return null
    await process.nap(1_000)
  }
}

/** Takes the guards below this start, and its own. */
function hold({ timeline, token, nativeId, start, nonce, lagMs, isGuarded }: WrapperParts, folder: JobFolder): boolean {
  for (let below = 0; below <= start; below += 1) {
    const mine = `native:${nativeId}:${below}:${nonce}`
    const holder = takeGuard(folder, below, mine, timeline.now + lagMs())
    const isOwn = below < start ? holder.startsWith(`native:${nativeId}:${below}:`) : holder === mine
    const record = below < start ? folder.exits.get(below)?.value : undefined
    const isFinal = record !== undefined && !wasStopped(record)
    if ((!isOwn || isFinal) && isGuarded) return false
  }
  return folder.files.get("token")?.startsWith(token) ?? false
}

async function runPayload(
  parts: WrapperParts,
  { home, folder }: Found,
): Promise<{ code: number; signal: string | null }> {
  const { timeline, process, token, nativeId, start } = parts
  const script = folder.files.get("payload.sh") ?? ""
  const key = /HAWSER_KEY='?([^'\n;]*)/.exec(script)?.[1] ?? ""
  const attempt = Number(/HAWSER_ATTEMPT='?(\d+)/.exec(script)?.[1] ?? 1)
  const { seconds, exitCode, ignoresTerm, endsByChild = false, outputBytes } = parts.behaviour(key, attempt)
  const startedAt = timeline.now
  const run: Run = { token, key, attempt, nativeId, start, startedAt, endedAt: null, exitCode: null, output: null }
  if (start > 0) parts.strike("a native is requeued and starts again")
  parts.onRun(run)
  process.onKill = () => {
    run.endedAt ??= timeline.now
  }
  const until = startedAt + seconds * 1_000
  while (timeline.now < until) {
    await process.nap(until - timeline.now)
    if (process.told === null || ignoresTerm) continue
    run.endedAt = timeline.now
    if (!endsByChild) return { code: 143, signal: "TERM" }
    process.told = null
    run.exitCode = 143
    return { code: 143, signal: null }
  }
  if (outputBytes !== undefined && home.jobs.get(token) === folder) {
    // On a full disk nothing of it has room.
    run.output = home.isFull ? "" : outputOf(run, outputBytes)
    folder.work.set(outputName, { value: run.output, seenAt: timeline.now + parts.lagMs() })
  }
  run.endedAt = timeline.now
  run.exitCode = exitCode
  return { code: exitCode, signal: null }
}

/** Another one for each run, of the same size. */
function outputOf({ key, attempt, token, nativeId, start }: Run, bytes: number): string {
  return `${key} ${attempt} ${token} ${nativeId}.${start}\n`.repeat(Math.ceil(bytes / 30)).slice(0, bytes)
}

function startedRecord({ token, start, nativeId }: WrapperParts, at: number): string {
  const facts = [`native ${nativeId}`, "host n1", "pid 100", "birth 1", "boot b1", `at ${at}`]
  return `\n${[`started ${token} ${start}`, ...facts, "end"].join("\n")}\n`
}

interface End {
  readonly code: number
  readonly signal: string | null
  readonly why: string | null
  readonly at: number
}

function writeExit(parts: WrapperParts, { home, folder }: Found, end: End): void {
  const { timeline, process, token, start, nativeId } = parts
  const said = [
    `exit ${token} ${start}`,
    `native ${nativeId}`,
    `code ${end.code}`,
    ...(end.signal === null ? [] : [`signal ${end.signal}`]),
    ...(process.told === null ? [] : [`wrapper ${process.told}`]),
    ...(end.why === null ? [] : [`launch ${end.why}`]),
    `started ${end.at}`,
    `ended ${parts.seconds()}`,
    ...[...folder.work].flatMap(([name, { value }]) =>
      folder.files.get("patterns.sh")?.includes(name) === true ? [`output ${value.length} ${name}`] : [],
    ),
    "end",
  ]
  const seenAt = timeline.now + parts.lagMs()
  folder.exits.set(start, { value: `\n${said.join("\n")}\n`, seenAt })
  home.events.set(`${token}.${start}`, seenAt)
}
