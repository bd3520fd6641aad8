/** Reads the stream of `hz_collect` into local folders, and says what is there and what is not. */
import type { Readable } from "node:stream"
import { type HawserError, TransportError } from "../errors.ts"
import { Backlog } from "./backlog.ts"
import { type ByteName, textOf } from "./filename.ts"
import { matchesGlob, parseGlob } from "./glob.ts"
import { Landing, localError } from "./landing.ts"
import type { ExitRecord } from "./layout.ts"
import { type ResultsDisk, localDisk } from "./resultsDisk.ts"
import { type TarBody, TarError, type TarEntry, readTar } from "./untar.ts"

/** One job whose results are wanted. */
export interface CollectRequest {
  readonly token: string
  /** Local folder, absolute; made where it is missing. */
  readonly directory: string
  /** The spec's patterns. */
  readonly outputs: readonly string[]
  /** The wrapper's list, or null where there is no whole exit record. */
  readonly expected: ExitRecord["outputs"] | null
}

/** What came back of one job. Everything in it but `missing` stands under its final name. */
export interface CollectReply {
  readonly token: string
  /** The job directory is there and was read to its end. */
  readonly present: boolean
  /** Paths below `directory`, in the order in which they came; folders left out. */
  readonly files: readonly string[]
  /** Outputs of the wrapper's list that did not come: a directory cache may lag, so read again. */
  readonly missing: readonly string[]
  /** Outputs that came with another size than the wrapper saw: read again. */
  readonly mismatched: readonly { readonly path: string; readonly expected: number; readonly actual: number }[]
  /** tar had something to say (a file changed while it was read, or can't be read): read again. */
  readonly unsteady: boolean
  /** What can never be brought back as it is, however often it is read. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[]
  /** For people: a pattern without a match, a link that was left out. Not what was refused. */
  readonly notes: readonly string[]
  /** This side could not write: class `limit` for a full disk. The other jobs of the stream are not concerned. */
  readonly failure: HawserError | null
}

/** Everything came that can come. What was refused, or is only noted, would not come another time either. */
export function isWhole(reply: CollectReply): boolean {
  return (
    reply.present && reply.missing.length + reply.mismatched.length === 0 && !reply.unsteady && reply.failure === null
  )
}

interface Progress {
  readonly request: CollectRequest
  readonly landing: Landing
  /** Sizes of the outputs that came, whether they were kept or not. */
  readonly seen: Map<ByteName, number>
  present: boolean
  unsteady: boolean
  /** Members came since the last mark. */
  touched: boolean
  failure: HawserError | null
}

const ownNames: readonly string[] = ["stdout", "stderr", "scheduler.log"]

/**
 * Every file appears under its final name in one step, whole; what stood there is replaced. Throws a TransportError
 * `COLLECT_CUT` (transient) when the stream ends before its end mark; what came until then stays and may be read again.
 */
export async function unpack(
  stream: Readable,
  requests: readonly CollectRequest[],
  disk: ResultsDisk = localDisk,
): Promise<CollectReply[]> {
  const backlog = new Backlog(16)
  const jobs = new Map(requests.map((request) => [request.token, begin(request, backlog, disk)]))
  let ended = false
  try {
    await readTar(stream, async (entry, body) => {
      ended = entry.name === "hz-end"
      if (!mark(entry.name, jobs)) await member(entry, body, jobs)
    })
  } catch (error) {
    throw error instanceof TarError ? cut(error) : error
  } finally {
    await Promise.all([...jobs.values()].map(async (job) => finish(job)))
  }
  if (!ended) throw cut(new TarError("Its end mark did not come."))
  return [...jobs.values()].map(replyOf)
}

function begin(request: CollectRequest, backlog: Backlog, disk: ResultsDisk): Progress {
  const landing = new Landing(request.directory, request.token, backlog, disk)
  return { request, landing, seen: new Map(), present: false, unsteady: false, touched: false, failure: null }
}

async function finish(job: Progress): Promise<void> {
  try {
    await job.landing.close()
  } catch (error) {
    job.failure ??= localError(error, job.request.directory)
  }
}

/** The empty members between the archives. */
function mark(name: string, jobs: ReadonlyMap<string, Progress>): boolean {
  if (name !== "hz-whole" && name !== "hz-part" && name !== "hz-end") return false
  for (const job of jobs.values()) {
    if (name === "hz-part" && job.touched) job.unsteady = true
    job.touched = false
  }
  return true
}

async function member(entry: TarEntry, body: TarBody, jobs: ReadonlyMap<string, Progress>): Promise<void> {
  const { name } = entry
  const slash = name.indexOf("/")
  const job = jobs.get(name.slice(0, slash))
  if (job === undefined) return
  job.touched = true
  const path = name.slice(slash + 1)
  if (path === "token") job.present = true
  else if (job.failure === null) await land(job, path, entry, body)
}

async function land(job: Progress, path: ByteName, entry: TarEntry, body: TarBody): Promise<void> {
  const { landing, seen, request } = job
  const output = path.startsWith("work/") ? path.slice("work/".length).replace(/\/+$/, "") : null
  if (output === null && !ownNames.includes(path)) return
  if (output !== null && ownNames.includes(output)) {
    seen.set(output, entry.size)
    return landing.refuse(output, "it has the name of a file in which Hawser keeps the job's own output")
  }
  const final = output ?? path
  try {
    // Links to files that came before are members of the same job: `<token>/work/…`.
    const size = await landing.land(final, entry, body, `${request.token}/work/`)
    if (output !== null) seen.set(output, size)
  } catch (error) {
    if (error instanceof TarError) throw error
    job.failure = localError(error, request.directory)
  }
}

function replyOf({ request, landing, seen, present, unsteady, failure }: Progress): CollectReply {
  const sizes = new Map([...seen].map(([name, size]) => [textOf(name), size]))
  const expected = request.expected ?? []
  return {
    token: request.token,
    present,
    files: landing.files.map(textOf),
    missing: expected.filter(({ path }) => !sizes.has(path)).map(({ path }) => path),
    mismatched: expected.flatMap(({ path, size }) => {
      const actual = sizes.get(path)
      return actual === undefined || actual === size ? [] : [{ path, expected: size, actual }]
    }),
    unsteady,
    refused: landing.refused.map(({ path, reason }) => ({ path: textOf(path), reason })),
    notes: [...landing.notes, ...(present ? withoutMatch(request.outputs, [...seen.keys()]) : [])],
    failure,
  }
}

function withoutMatch(outputs: readonly string[], names: readonly ByteName[]): string[] {
  return outputs
    .filter((text) => {
      const glob = parseGlob(text)
      return !names.some((name) => matchesGlob(glob, name))
    })
    .map((text) => `no output matches ${text}`)
}

function cut(cause: TarError): TransportError {
  return new TransportError("COLLECT_CUT", {
    summary: "The stream of results was cut.",
    reason: cause.message,
    class: "transient",
    cause,
  })
}
