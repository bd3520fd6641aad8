/** The client's end of the control socket: requests by number, and what comes back for each. */
import { type Socket, createConnection } from "node:net"
import { HawserError } from "../errors.ts"
import type { DoctorLine, Prompt } from "../hawser.ts"
import type { AnyEvent } from "../job/index.ts"
import { onAborted, reasonOf } from "../abort.ts"
import { readLines } from "./lines.ts"
import { controllerGone, fromPlain } from "./plain.ts"
import type { Answerer } from "./prompts.ts"
import {
  type Message,
  type Method,
  type Methods,
  type RpcError,
  callLine,
  isPlainError,
  isPrompt,
  isRecord,
  messageBytesMax,
  notificationLine,
  parseMessage,
} from "./protocol.ts"

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvents?: (events: readonly AnyEvent[]) => void
  readonly onDoctorLine?: (line: DoctorLine) => void
}

interface Pending {
  readonly options: CallOptions
  readonly parts: unknown[]
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** Throws `CONTROLLER_GONE` when nobody listens there. */
export async function dial(socketPath: string): Promise<Line> {
  const socket = createConnection(socketPath)
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve)
    socket.once("error", (error) => reject(controllerGone(`Nobody listens on ${socketPath}: ${error.message}`, error)))
  })
  return new Line(socket)
}

export class Line {
  /** Resolves with why. */
  readonly closed: Promise<HawserError>
  private readonly socket: Socket
  private readonly pending = new Map<number, Pending>()
  private readonly prompts = new Map<number, AbortController>()
  private onPrompt: Answerer | null = null
  private readonly lasting = new Map<number, CallOptions>()
  private lastId = 0
  private end: HawserError | null = null
  private resolveClosed: (why: HawserError) => void = () => undefined

  constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => (this.resolveClosed = resolve))
    readLines(
      socket,
      messageBytesMax,
      (line) => this.receive(line),
      () => this.fail(controllerGone("It sent a line that is longer than a message may be.")),
    )
    socket.on("error", (error) => this.fail(controllerGone(error.message, error)))
    socket.on("close", () => this.fail(controllerGone("It closed the connection.")))
  }

  /** Resolves with the answer. A `subscribe` goes on after it, until its signal is aborted. */
  async call<M extends Method>(
    method: M,
    params: Methods[M]["params"],
    options: CallOptions = {},
  ): Promise<Methods[M]["result"]> {
    options.signal?.throwIfAborted()
    if (this.end !== null) throw this.end
    const id = ++this.lastId
    const line = callLine(id, method, params)
    if (Buffer.byteLength(line) > messageBytesMax) throw tooLarge(method)
    const { signal } = options
    const onAbort = (): void => signal && this.abandon(id, signal)
    const forget = onAborted(signal, onAbort)
    try {
      const result = await new Promise<unknown>((resolve, reject) => {
        this.pending.set(id, { options, parts: [], resolve, reject })
        this.socket.write(line)
      })
      // The greeting has shown that the other side has the same protocol: the answer is what the table says.
      return result as Methods[M]["result"]
    } finally {
      if (!this.lasting.has(id)) forget()
    }
  }

  /** Whoever is here answers, for as long as this lasts. */
  async attend(onPrompt: Answerer, signal?: AbortSignal): Promise<void> {
    this.onPrompt = onPrompt
    await this.call("attend", {}, { signal })
  }

  close(): void {
    this.fail(controllerGone("This program closed the connection."))
  }

  private receive(line: string): void {
    const message = parseMessage(line)
    if (message === null) return this.fail(controllerGone("What it sent is no message."))
    if (message.kind === "call") this.notified(message.method, message.params)
    else this.answered(message)
  }

  private answered(message: Exclude<Message, { kind: "call" }>): void {
    const call = message.id === null ? undefined : this.pending.get(message.id)
    // It was cancelled here in the meantime.
    if (message.id === null || call === undefined) return
    this.pending.delete(message.id)
    if (message.kind === "error") return call.reject(errorOf(message.error))
    if (call.options.onEvents !== undefined) this.lasting.set(message.id, call.options)
    const { result } = message
    call.resolve(call.parts.length > 0 && Array.isArray(result) ? [...call.parts, ...result] : result)
  }

  private notified(method: string, params: unknown): void {
    if (!isRecord(params)) return
    if (method === "bye" && isPlainError(params["error"])) return this.fail(fromPlain(params["error"]))
    const id = params["id"]
    if (typeof id !== "number") return
    const call = this.pending.get(id)
    const options = call?.options ?? this.lasting.get(id)
    const { items, events, line, prompt } = params
    if (method === "prompt" && isPrompt(prompt)) void this.put(id, prompt)
    if (method === "prompt.settled") this.prompts.get(id)?.abort(new Error("It was settled elsewhere."))
    if (method === "$/part" && Array.isArray(items)) for (const item of items) call?.parts.push(item)
    if (method === "event" && Array.isArray(events)) options?.onEvents?.(events)
    if (method === "doctor.line" && isRecord(line)) options?.onDoctorLine?.(line as unknown as DoctorLine)
  }

  /** What a person says goes straight to the controller. */
  private async put(id: number, prompt: Prompt): Promise<void> {
    const settled = new AbortController()
    this.prompts.set(id, settled)
    const answers = (await this.onPrompt?.(prompt, settled.signal).catch(() => null)) ?? null
    this.prompts.delete(id)
    if (!settled.signal.aborted) await this.call("answer", { prompt: id, answers }).catch(() => undefined)
  }

  private abandon(id: number, signal: AbortSignal): void {
    const call = this.pending.get(id)
    this.pending.delete(id)
    this.lasting.delete(id)
    if (this.end === null) this.socket.write(notificationLine("$/cancel", { id }))
    call?.reject(reasonOf(signal))
  }

  private fail(why: HawserError): void {
    if (this.end !== null) return
    this.end = why
    this.socket.destroy()
    for (const call of this.pending.values()) call.reject(why)
    this.pending.clear()
    this.lasting.clear()
    for (const settled of this.prompts.values()) settled.abort(why)
    this.resolveClosed(why)
  }
}

function errorOf({ data, message }: RpcError): HawserError {
  return data === undefined ? new HawserError("UNEXPECTED", { summary: message, class: "transient" }) : fromPlain(data)
}

function tooLarge(method: string): HawserError {
  return new HawserError("MESSAGE_TOO_LARGE", {
    summary: `What ${method} asks for is too large for the control socket.`,
    advice: "Send fewer jobs at a time, or smaller ones: large inputs are files.",
  })
}
