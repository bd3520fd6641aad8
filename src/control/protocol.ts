/** The control protocol: JSON-RPC 2.0, one message a line, over a Unix socket (docs/control.md). */
import type {
  AbandonRequest,
  AbandonResult,
  DoctorLine,
  Explanation,
  ListFilter,
  LogPiece,
  LogRequest,
  PauseRequest,
  PlainError,
  Prompt,
  PruneRequest,
  PruneResult,
  Status,
  SubmitRequest,
  SubmitResult,
  WishRequest,
} from "../hawser.ts"
import type { AnyEvent, JobView } from "../job/index.ts"

/** Grows with every change that an older side would misread. `hello` and `down` stay as they are for ever. */
export const protocolNumber = 3

/** Neither side takes a longer line, or sends one. */
export const messageBytesMax: number = 64 * 1024 * 1024

export interface Hello {
  readonly protocol: number
  readonly version: string
}

export interface Welcome extends Hello {
  readonly pid: number
  /** The real path. */
  readonly stateDirectory: string
}

/** What can be asked, and what the answer is. Those that answer with an array may send it in parts first. */
export interface Methods {
  hello: { params: Hello; result: Welcome }
  submit: { params: { requests: readonly SubmitRequest[] }; result: readonly SubmitResult[] }
  accepted: { params: { ids: readonly string[] }; result: readonly JobView[] }
  ended: { params: { ids: readonly string[] }; result: readonly JobView[] }
  list: { params: { filter?: ListFilter }; result: readonly JobView[] }
  show: { params: { name: string }; result: JobView }
  explain: { params: { name: string }; result: Explanation }
  cancel: { params: { names: readonly string[] }; result: readonly JobView[] }
  wish: { params: { request: WishRequest }; result: readonly JobView[] }
  pause: { params: { request: PauseRequest }; result: null }
  abandon: { params: { request: AbandonRequest }; result: AbandonResult }
  logs: { params: { name: string; request: LogRequest }; result: LogPiece }
  recover: { params: { executor?: string }; result: readonly JobView[] }
  prune: { params: { request: PruneRequest }; result: PruneResult }
  doctor: { params: { executor: string }; result: readonly DoctorLine[] }
  status: { params: object; result: Status }
  /** Answered when it has begun, behind the events from `fromSeq` on; ended by `$/cancel`. */
  subscribe: { params: { fromSeq?: number }; result: null }
  /** The controller stays, also when nothing is left to do, until `down`. */
  stay: { params: object; result: null }
  down: { params: object; result: null }
  /** A person is here who can answer, for as long as the connection lasts: `prompt` comes from now on. */
  attend: { params: object; result: null }
  /** Null: the person won't answer. False: it was settled before. */
  answer: { params: { prompt: number; answers: readonly string[] | null }; result: boolean }
}
export type Method = keyof Methods

/** What is said without being asked for. `id` is the request that it belongs to. */
export interface Notifications {
  /** To the server: the request's answer is not wanted any more. */
  "$/cancel": { id: number }
  /** To the client: the first items of an array that the answer itself ends. */
  "$/part": { id: number; items: readonly unknown[] }
  event: { id: number; events: readonly AnyEvent[] }
  "doctor.line": { id: number; line: DoctorLine }
  /** To a client with a person: a question, and that its answer is not wanted any more. */
  prompt: { id: number; prompt: Prompt }
  "prompt.settled": { id: number }
  /** To the client: the last thing that it hears, and why. */
  bye: { error: PlainError }
}

export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: PlainError
}

export const rpcCodes = {
  notJson: -32700,
  invalidRequest: -32600,
  unknownMethod: -32601,
  invalidParams: -32602,
  failed: -32000,
  cancelled: -32800,
} as const

/** One line that makes sense: a request or notification, or an answer. */
export type Message =
  | { readonly kind: "call"; readonly id: number | null; readonly method: string; readonly params: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "error"; readonly id: number | null; readonly error: RpcError }

/** Null: not a message of ours. */
export function parseMessage(line: string): Message | null {
  const value = parseJson(line)
  if (!isRecord(value) || value["jsonrpc"] !== "2.0") return null
  const { id = null, method, params, error } = value
  if (id !== null && !(typeof id === "number" && Number.isSafeInteger(id))) return null
  if (typeof method === "string") return { kind: "call", id, method, params: params ?? {} }
  if (isRecord(error)) return { kind: "error", id, error: rpcError(error) }
  if (id === null || !("result" in value)) return null
  return { kind: "result", id, result: value["result"] }
}

export function callLine(id: number, method: string, params: object): string {
  return line({ id, method, params })
}

export function notificationLine<N extends keyof Notifications>(method: N, params: Notifications[N]): string {
  return line({ method, params })
}

export function resultLine(id: number, result: unknown): string {
  return line({ id, result: result ?? null })
}

export function errorLine(id: number | null, error: RpcError): string {
  return line({ id, error })
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function line(message: object): string {
  return `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`
}

function rpcError(error: Readonly<Record<string, unknown>>): RpcError {
  const { code, message, data } = error
  const facts = {
    code: typeof code === "number" ? code : rpcCodes.failed,
    message: typeof message === "string" ? message : "",
  }
  return isPlainError(data) ? { ...facts, data } : facts
}

export function isPrompt(value: unknown): value is Prompt {
  if (!isRecord(value)) return false
  const { executor, host, instructions, questions } = value
  const isTextual = (executor === null || typeof executor === "string") && typeof instructions === "string"
  return isTextual && typeof host === "string" && Array.isArray(questions) && questions.every(isQuestion)
}

function isQuestion(value: unknown): boolean {
  return isRecord(value) && typeof value["text"] === "string" && typeof value["echo"] === "boolean"
}

export function isPlainError(value: unknown): value is PlainError {
  if (!isRecord(value)) return false
  const isText = (name: string): boolean => typeof value[name] === "string"
  const isTextOrNull = (name: string): boolean => value[name] === null || isText(name)
  return ["name", "code", "class", "summary"].every(isText) && ["reason", "advice"].every(isTextOrNull)
}
