/** One client of the server: its greeting, its requests under way, and their end. */
import type { Socket } from "node:net"
import type { Clock } from "../clock.ts"
import { HawserError, UsageError } from "../errors.ts"
import type { HawserApi } from "../hawser.ts"
import { acceptedWithout } from "./acceptance.ts"
import { readLines } from "./lines.ts"
import { type BoundMethod, bindMethod } from "./methods.ts"
import { Outbox, type OutboxLimits } from "./outbox.ts"
import { controllerGone, toPlain } from "./plain.ts"
import type { Prompts } from "./prompts.ts"
import {
  type Welcome,
  errorLine,
  isRecord,
  notificationLine,
  parseMessage,
  protocolNumber,
  resultLine,
  rpcCodes,
} from "./protocol.ts"
import { Questions } from "./questions.ts"

export interface ConnectionParts {
  readonly api: HawserApi
  readonly clock: Clock
  readonly prompts: Prompts
  readonly welcome: Welcome
  readonly limits: OutboxLimits
  readonly onStay: () => void
  /** A request came in or was answered. */
  readonly onActivity: () => void
}

interface Pending {
  readonly isWait: boolean
  readonly abort: AbortController
}

export class Connection {
  private readonly parts: ConnectionParts
  private readonly outbox: Outbox
  private readonly questions: Questions
  private readonly pending = new Map<number, Pending>()
  private readonly answers = new Set<Promise<void>>()
  private isGreeted = false
  private isClosing = false

  constructor(socket: Socket, parts: ConnectionParts) {
    this.parts = parts
    this.outbox = new Outbox(socket, parts.clock, parts.limits, (why) => this.abortWaits(why))
    this.questions = new Questions(parts.prompts, (line) => this.outbox.send(line))
    socket.on("error", () => socket.destroy())
    socket.on("close", () => this.abortWaits(controllerGone("The client went away.")))
    const onTooLong = (): void => this.outbox.drop(misuse("A line is longer than a message may be."))
    readLines(socket, parts.limits.messageBytesMax, (line) => this.receive(line), onTooLong)
  }

  /** Requests that are not answered yet; a subscription counts for as long as it lasts. */
  get pendingCalls(): number {
    return this.pending.size
  }

  /** Resolves when what is under way is answered, also when nobody is there to read it. */
  async settled(): Promise<void> {
    await Promise.all(this.answers)
  }

  /** Ends the waits at once, gives what is under way `ms` for its answer, says why, and hangs up. */
  async close(ms: number, why: HawserError): Promise<void> {
    this.isClosing = true
    this.abortWaits(why)
    const answered = new AbortController()
    const tooLate = this.parts.clock.sleep(ms, answered.signal).catch(() => undefined)
    await Promise.race([this.settled(), tooLate])
    answered.abort()
    this.outbox.drop(why)
  }

  private receive(line: string): void {
    if (this.outbox.isDropped) return
    const message = parseMessage(line)
    if (message?.kind !== "call") return this.outbox.drop(misuse("What came in is no request."))
    const { id, method, params } = message
    if (method === "$/cancel") return this.cancel(params)
    // A notification that this version does not know says nothing to it.
    if (id === null) return
    this.parts.onActivity()
    if (method === "hello") return this.greet(id, params)
    // Every version can stop every other one, so `down` needs no agreement.
    if (!this.isGreeted && method !== "down") return this.outbox.drop(misuse("A client says hello first."))
    if (this.isClosing) return this.fail(id, rpcCodes.failed, controllerGone("It is ending; this was not begun."))
    if (this.pending.has(id)) return this.outbox.drop(misuse(`There is a request ${id} already.`))
    const bound = bindMethod(method, params)
    if (bound === undefined) return this.fail(id, rpcCodes.unknownMethod, misuse(`There is no method "${method}".`))
    if ("wrong" in bound) return this.fail(id, rpcCodes.invalidParams, misuse(`${method}: ${bound.wrong}`))
    const answer = this.run(id, bound, method === "subscribe").finally(() => {
      this.answers.delete(answer)
      this.parts.onActivity()
    })
    this.answers.add(answer)
  }

  private greet(id: number, params: unknown): void {
    this.isGreeted = isRecord(params) && params["protocol"] === protocolNumber
    if (this.isGreeted) this.outbox.send(resultLine(id, this.parts.welcome))
    else this.fail(id, rpcCodes.failed, otherProtocol(this.parts.welcome, params))
  }

  private async run(id: number, bound: BoundMethod, lasts: boolean): Promise<void> {
    const { api, prompts, onStay } = this.parts
    const abort = new AbortController()
    this.pending.set(id, { isWait: bound.isWait, abort })
    let isAnswered = false
    try {
      const result = await bound.run({
        api,
        signal: abort.signal,
        onDoctorLine: (line) => this.outbox.send(notificationLine("doctor.line", { id, line })),
        onEvents: (events) => this.outbox.notify(events, (part) => notificationLine("event", { id, events: part })),
        accepted: (ids, signal = abort.signal) =>
          this.questions.isAttended ? api.accepted(ids, signal) : acceptedWithout(api, prompts, ids, signal),
        onStay,
        onAttend: () => this.questions.attend(),
        onAnswer: (prompt, answers) => this.questions.answer(prompt, answers),
      })
      isAnswered = true
      await this.outbox.answer(id, result)
    } catch (error) {
      const { aborted, reason } = abort.signal
      this.fail(id, aborted ? rpcCodes.cancelled : rpcCodes.failed, aborted ? reason : error)
    } finally {
      if (!(lasts && isAnswered)) this.pending.delete(id)
    }
  }

  private cancel(params: unknown): void {
    const id = isRecord(params) ? params["id"] : undefined
    const call = typeof id === "number" ? this.pending.get(id) : undefined
    if (typeof id !== "number" || call?.isWait !== true) return
    this.pending.delete(id)
    call.abort.abort(new HawserError("CANCELLED", { summary: "The request was cancelled.", class: "transient" }))
    this.parts.onActivity()
  }

  private abortWaits(why: HawserError): void {
    this.questions.leave()
    for (const [id, call] of this.pending) {
      if (!call.isWait) continue
      this.pending.delete(id)
      call.abort.abort(why)
    }
  }

  private fail(id: number, code: number, error: unknown): void {
    const data = toPlain(error)
    this.outbox.send(errorLine(id, { code, message: data.summary, data }))
  }
}

function misuse(reason: string): HawserError {
  return new HawserError("PROTOCOL_VIOLATED", {
    summary: "The controller does not understand this program.",
    reason,
    advice: "docs/control.md describes what it takes.",
  })
}

function otherProtocol({ version, pid }: Welcome, params: unknown): UsageError {
  const theirs = isRecord(params) && typeof params["version"] === "string" ? params["version"] : "unknown"
  return new UsageError("CONTROLLER_VERSION", {
    summary: "The controller that runs is of another version of Hawser.",
    reason: `It is ${version} (protocol ${protocolNumber}, process ${pid}), this program is ${theirs}.`,
    advice: `Run \`hawser down\` and try again: jobs go on, and a controller of this version finds them.`,
  })
}
