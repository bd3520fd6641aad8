/** A virtual network: sessions whose connection can be cut before, during and after any command. */
import { Readable } from "node:stream"
import type { Command, CommandResult } from "../command.ts"
import { TransportError } from "../errors.ts"
import type { Session } from "../transport/session.ts"
import {
  abortedError,
  answerLateError,
  closedByUsError,
  neverSentError,
  unansweredError,
} from "../transport/shellErrors.ts"
import { readArchive, writeArchive } from "./archive.ts"
import type { Life } from "./life.ts"
import type { Strike } from "./strikes.ts"
import type { Timeline } from "./timeline.ts"
import { type Staged, type VerbHost, collect, runVerb, stage, submissionsOf } from "./verbs.ts"

/** Where a connection is cut: the command never arrives, its answer is lost, or the next one finds it dead. */
export type Cut = "before" | "during" | "after"

export interface NetworkFaults {
  /** For each connection that is tried. */
  refuses(): TransportError | null
  /** For each command that is sent. */
  cut(argv: readonly string[]): Cut | null
  /** Between sending and arrival, and again between the answer and its arrival, ms. */
  latencyMs(): number
  /** What was on its way when the connection was cut arrives all the same, so much later; null: it is lost. */
  straggleMs(): number | null
  /** How many bytes of so many had come when the connection was cut. */
  arrived(bytes: number): number
}

export interface NetworkOptions {
  readonly timeline: Timeline
  readonly host: VerbHost
  readonly faults: NetworkFaults
  readonly note: (what: string, argv: readonly string[]) => void
  readonly strike: (strike: Strike) => void
  /** The controller of this number has made a connection. */
  readonly onReached: (by: number) => void
}

const answerTimeoutMs = 120_000
const watchdogGraceMs = 10_000
/** An answer that takes so long is one that engines see as late. */
const lateMs = 1_000
const longMs = 3_600_000

/** Connections under way, which an outage cuts. */
export class Network {
  readonly #options: NetworkOptions
  readonly #links: Set<Link> = new Set()
  /** Since when nobody has got through, ms on the timeline. */
  #awayFrom: number | null = null
  /** When each was tried, ms on the timeline. */
  readonly tried: number[] = []
  /** When each token was submitted first, ms on the timeline. */
  readonly submitted: Map<string, number> = new Map()

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  async open(life: Life): Promise<Session> {
    return life.step("connect", async () => {
      const { timeline, faults } = this.#options
      this.tried.push(timeline.now)
      await timeline.sleep(faults.latencyMs() * 4)
      const refusal = faults.refuses()
      this.#awayFrom = refusal === null ? null : (this.#awayFrom ?? timeline.now)
      if (refusal !== null) {
        if (timeline.now - (this.#awayFrom ?? timeline.now) >= longMs)
          this.#options.strike("unreachable for an hour or more")
        this.#options.strike(refusal.class === "auth" ? "login refused" : "connection refused")
        throw refusal
      }
      this.#options.onReached(life.id)
      const link = new Link(this.#options, life, this.submitted)
      this.#links.add(link)
      void link.session.closed.then(() => this.#links.delete(link))
      return link.session
    })
  }

  /** Of one controller, or of all. */
  cut(why: string, life?: Life): void {
    const error = new TransportError("CONNECTION_LOST", { summary: why, class: "transient" })
    for (const link of this.#links) if (life === undefined || link.life === life) link.cut(error)
  }
}

/** A shell: the end of what stands in line there, and how much that is. */
interface Line {
  end: Promise<unknown>
  waiting: number
}

interface Request {
  readonly argv: readonly string[]
  readonly hasEffect: boolean
  readonly reject: (error: Error) => void
}

/** Shells for effects, as many as a session has. */
const effectShellsMax = 3

/** One connection with its shells: each works on its commands in order. */
class Link {
  readonly session: Session
  readonly #options: NetworkOptions
  readonly #submitted: Map<string, number>
  readonly life: Life
  #lost: TransportError | null = null
  #close: (why: Error) => void = () => undefined
  readonly #pending: Set<Request> = new Set()
  readonly #questions: Line = { end: Promise.resolve(), waiting: 0 }
  readonly #effects: readonly Line[] = Array.from({ length: effectShellsMax }, () => ({
    end: Promise.resolve(),
    waiting: 0,
  }))

  constructor(options: NetworkOptions, life: Life, submitted: Map<string, number>) {
    this.#options = options
    this.#submitted = submitted
    this.life = life
    const closed = new Promise<Error>((resolve) => {
      this.#close = resolve
    })
    this.session = {
      address: "me@virtual",
      closed,
      ask: (command, signal) => this.#run(this.#questions, command, false, signal),
      act: (command, signal) => this.#run(this.#leastBusy(), command, true, signal),
      send: (command, source, signal) => this.#send(command, source, signal),
      receive: (command, sink, signal) => this.#receive(command, sink, signal),
      [Symbol.asyncDispose]: () => {
        this.cut(closedByUsError())
        return Promise.resolve()
      },
    }
  }

  #leastBusy(): Line {
    return this.#effects.reduce((least, one) => (one.waiting < least.waiting ? one : least))
  }

  cut(why: TransportError): void {
    if (this.#lost !== null) return
    this.#lost = why
    const pending = [...this.#pending]
    this.#pending.clear()
    for (const request of pending) request.reject(unansweredError(request, why))
    this.#close(why)
  }

  async #run<T>(line: Line, command: Command<T>, hasEffect: boolean, signal?: AbortSignal): Promise<T> {
    const execute = (): Promise<CommandResult> => {
      const { host } = this.#options
      return command.argv[0]?.startsWith("hz_") === true ? runVerb(host, command.argv) : host.run(command.argv)
    }
    return command.parse(await this.#exchange(line, command, hasEffect, execute, signal))
  }

  async #send<T>(command: Command<T>, source: Readable, signal?: AbortSignal): Promise<T> {
    const staged: Staged = await readArchive(source)
    const execute = (): Promise<CommandResult> => Promise.resolve(stage(this.#options.host, command.argv, staged))
    return command.parse(await this.#exchange(null, command, true, execute, signal))
  }

  async #receive<T>(command: Command<T>, sink: (stdout: Readable) => Promise<void>, signal?: AbortSignal): Promise<T> {
    const done: CommandResult = { exitCode: 0, stdout: "", stderr: "", timedOut: false }
    let archive: Buffer | null = null
    const execute = (): Promise<CommandResult> => {
      archive = writeArchive(collect(this.#options.host, command.argv))
      return Promise.resolve(done)
    }
    try {
      await this.#exchange(null, command, false, execute, signal)
    } catch (error) {
      // The results had set out: what was on the line when it was cut still lands.
      if (archive !== null) await this.#cutShort(archive, sink)
      throw error
    }
    await sink(Readable.from([archive ?? Buffer.alloc(0)]))
    return command.parse(done)
  }

  async #cutShort(archive: Buffer, sink: (stdout: Readable) => Promise<void>): Promise<void> {
    this.#options.strike("connection cut while results come")
    const part = archive.subarray(0, this.#options.faults.arrived(archive.length))
    await sink(Readable.from([part])).catch(() => undefined)
  }

  /** `line`: the shell in which it waits for its turn; null: a channel of its own. */
  async #exchange(
    line: Line | null,
    { argv, timeoutMs }: Pick<Command<unknown>, "argv" | "timeoutMs">,
    hasEffect: boolean,
    execute: () => Promise<CommandResult>,
    signal?: AbortSignal,
  ): Promise<CommandResult> {
    return this.life.step(argv.slice(0, 2).join(" "), () => {
      if (this.#lost !== null) throw neverSentError(this.#lost)
      if (signal?.aborted === true) throw abortedError(false, signal)
      return new Promise<CommandResult>((resolve, reject) => {
        const request: Request = { argv, hasEffect, reject }
        this.#pending.add(request)
        this.#noteSubmitted(argv)
        const onAbort = (): void => reject(abortedError(hasEffect, signal))
        signal?.addEventListener("abort", onAbort, { once: true })
        const answer = (result: CommandResult): void => {
          signal?.removeEventListener("abort", onAbort)
          if (this.#pending.delete(request)) resolve(result)
        }
        void this.#travel(line, { ...request, timeoutMs }, execute, answer)
      })
    })
  }

  #noteSubmitted([verb, path = "", , ...words]: readonly string[]): void {
    if (verb !== "hz_submit") return
    for (const [token = ""] of submissionsOf(words)) {
      // Behind a guard nothing is submitted: it only asks for an answer.
      const isGuarded = this.#options.host.homes.get(path)?.jobs.get(token)?.guards.has(0) === true
      if (!isGuarded && !this.#submitted.has(token)) this.#submitted.set(token, this.#options.timeline.now)
    }
  }

  async #travel(
    line: Line | null,
    request: Request & { readonly timeoutMs: number | undefined },
    execute: () => Promise<CommandResult>,
    answer: (result: CommandResult) => void,
  ): Promise<void> {
    const { timeline, faults, note, strike } = this.#options
    const cut = faults.cut(request.argv)
    const before = line?.end ?? Promise.resolve()
    const arrival = timeline.sleep(faults.latencyMs())
    const work = Promise.all([before, arrival]).then(async () => {
      if (cut === "before") this.#break(request, "before")
      if (this.#lost !== null) {
        const late = faults.straggleMs()
        if (late === null) return null
        await timeline.sleep(late)
      }
      if (this.#lost !== null) strike("command carried out after its connection was cut")
      note(this.#lost === null ? "runs" : "runs late", request.argv)
      return this.#timed(request, execute)
    })
    if (line !== null) {
      line.end = work
      line.waiting += 1
    }
    const result = await work
    if (line !== null) line.waiting -= 1
    if (cut === "during") this.#break(request, "during")
    if (result === null) return
    const latencyMs = faults.latencyMs()
    if (latencyMs >= lateMs) strike("answer is late")
    await timeline.sleep(latencyMs)
    if (this.#lost !== null && request.hasEffect && result.exitCode === 0) strike("answer lost after the effect")
    answer(result)
    if (cut === "after") this.#break(request, "after")
  }

  #break({ argv }: Request, when: Cut): void {
    this.#options.note(`is cut ${when}`, argv)
    if (this.#lost === null) this.#options.strike(`connection cut ${when} a command`)
    this.cut(new TransportError("CONNECTION_LOST", { summary: "The connection was lost.", class: "transient" }))
  }

  /** A watchdog over there ends what takes too long; without one, our side gives its shell up. */
  async #timed(
    request: Request & { readonly timeoutMs: number | undefined },
    execute: () => Promise<CommandResult>,
  ): Promise<CommandResult> {
    const { timeline } = this.#options
    const { timeoutMs } = request
    let callOff: () => void = () => undefined
    const patience = new Promise<CommandResult>((resolve) => {
      callOff = timeline.after(timeoutMs ?? answerTimeoutMs + watchdogGraceMs, () => {
        if (timeoutMs === undefined) this.cut(answerLateError(request, answerTimeoutMs))
        resolve({ exitCode: 143, stdout: "", stderr: "", timedOut: true })
      })
    })
    const result = await Promise.race([execute(), patience])
    callOff()
    return result
  }
}
