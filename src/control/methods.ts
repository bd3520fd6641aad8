/** What a client can ask for: each method's parameters as a schema, and the call that answers it. */
import { z } from "zod"
import { onAborted } from "../abort.ts"
import type { DoctorLine, HawserApi } from "../hawser.ts"
import { type AnyEvent, jobStates, wishes } from "../job/index.ts"
import { answerCharsMax } from "./prompts.ts"
import type { Method } from "./protocol.ts"

/** What a call has beside its parameters. */
export interface Call {
  readonly api: HawserApi
  /** Aborted when the client cancels or goes away, and when the server closes. */
  readonly signal: AbortSignal
  readonly onDoctorLine: (line: DoctorLine) => void
  readonly onEvents: (events: readonly AnyEvent[]) => void
  /** As the API's, for a client that has a person, or for one that has none. */
  readonly accepted: HawserApi["accepted"]
  readonly onStay: () => void
  readonly onAttend: () => void
  readonly onAnswer: (prompt: number, answers: readonly string[] | null) => boolean
}

export interface BoundMethod {
  /** Ends with its client: nobody else wants the answer. The others are carried out once they have come in. */
  readonly isWait: boolean
  readonly run: (call: Call) => Promise<unknown>
}

/** The call with these parameters, or why they are not what the method takes. */
type Bind = (params: unknown) => BoundMethod | { readonly wrong: string }

const ids = z.object({ ids: z.array(z.string()) })
const names = z.object({ names: z.array(z.string()) })
const nothing = z.object({})
const states = z.array(z.enum(jobStates)).exactOptional()

const submitRequest = z.object({
  spec: z.unknown(),
  key: z.string().exactOptional(),
  executor: z.string().exactOptional(),
  base: z.string().exactOptional(),
  onConflict: z.enum(["throw", "keep"]).exactOptional(),
  secrets: z.record(z.string(), z.string()).exactOptional(),
})
const listFilter = z.object({
  states,
  executor: z.string().exactOptional(),
  key: z.string().exactOptional(),
  earlier: z.boolean().exactOptional(),
  names: z.array(z.string()).exactOptional(),
})
const logRequest = z.object({
  stream: z.enum(["stdout", "stderr"]),
  offset: z.int().nonnegative(),
  max: z.int().positive(),
})
const pruneRequest = z.object({
  olderThanMs: z.number().nonnegative(),
  states,
  names: z.array(z.string()).exactOptional(),
  local: z.boolean(),
  dryRun: z.boolean(),
})
const some = z.array(z.string()).exactOptional()
const abandonRequest = z.object({ names: some, executors: some, jobs: some, dryRun: z.boolean() })
const wishRequest = z.object({ wish: z.enum(wishes), names: some, executors: some })
const pauseRequest = z.object({ executors: z.array(z.string()), paused: z.boolean() })
const answer = z.object({ prompt: z.int(), answers: z.array(z.string().max(answerCharsMax)).nullable() })

const methods: Readonly<Record<Exclude<Method, "hello">, Bind>> = {
  submit: once(z.object({ requests: z.array(submitRequest) }), ({ requests }, { api }) => api.submit(requests)),
  accepted: wait(ids, (params, { accepted, signal }) => accepted(params.ids, signal)),
  ended: wait(ids, (params, { api, signal }) => api.ended(params.ids, signal)),
  list: once(z.object({ filter: listFilter.exactOptional() }), ({ filter }, { api }) => api.list(filter)),
  show: once(z.object({ name: z.string() }), ({ name }, { api }) => api.show(name)),
  explain: once(z.object({ name: z.string() }), ({ name }, { api }) => api.explain(name)),
  cancel: once(names, (params, { api }) => api.cancel(params.names)),
  wish: once(z.object({ request: wishRequest }), ({ request }, { api }) => api.wish(request)),
  pause: once(z.object({ request: pauseRequest }), ({ request }, { api }) => api.pause(request)),
  abandon: once(z.object({ request: abandonRequest }), ({ request }, { api }) => api.abandon(request)),
  logs: once(z.object({ name: z.string(), request: logRequest }), ({ name, request }, { api }) =>
    api.logs(name, request),
  ),
  recover: once(z.object({ executor: z.string().exactOptional() }), ({ executor }, { api }) => api.recover(executor)),
  prune: once(z.object({ request: pruneRequest }), ({ request }, { api }) => api.prune(request)),
  doctor: wait(z.object({ executor: z.string() }), ({ executor }, { api, signal, onDoctorLine }) =>
    api.doctor(executor, onDoctorLine, signal),
  ),
  status: once(nothing, (_params, { api }) => api.status()),
  subscribe: wait(z.object({ fromSeq: z.int().exactOptional() }), async ({ fromSeq }, { api, signal, onEvents }) => {
    onAborted(signal, await api.subscribe(onEvents, fromSeq))
    return null
  }),
  stay: once(nothing, async (_params, { onStay }) => onStay()),
  down: once(nothing, (_params, { api }) => api.down()),
  attend: once(nothing, async (_params, { onAttend }) => onAttend()),
  answer: once(answer, async ({ prompt, answers }, { onAnswer }) => onAnswer(prompt, answers)),
}

/** Undefined: there is no such method. */
export function bindMethod(name: string, params: unknown): ReturnType<Bind> | undefined {
  return isMethod(name) ? methods[name](params) : undefined
}

function isMethod(name: string): name is keyof typeof methods {
  return Object.hasOwn(methods, name)
}

function once<P>(schema: z.ZodType<P>, call: (params: P, call: Call) => Promise<unknown>): Bind {
  return bind(false, schema, call)
}

function wait<P>(schema: z.ZodType<P>, call: (params: P, call: Call) => Promise<unknown>): Bind {
  return bind(true, schema, call)
}

function bind<P>(isWait: boolean, schema: z.ZodType<P>, call: (params: P, call: Call) => Promise<unknown>): Bind {
  return (params) => {
    const read = schema.safeParse(params)
    return read.success
      ? { isWait, run: (context) => call(read.data, context) }
      : { wrong: z.prettifyError(read.error) }
  }
}
