/** Logs: a piece of a job's stdout or stderr, from here when it was collected, else from the other side. */
import { open } from "node:fs/promises"
import { join } from "node:path"
import { type Job, currentAttempt, isAbandoned, isFinal } from "../job/index.ts"
import { tail } from "../remote/verbs.ts"
import type { LogPiece, LogRequest } from "./api.ts"
import type { Engine } from "./engine.ts"

/** A piece from byte `offset`. `final` only when the job is over and nothing stands behind the piece. */
export async function readLog(
  job: Job,
  directory: string,
  request: LogRequest,
  engine: Engine | undefined,
): Promise<LogPiece> {
  const local = await readLocalLog(job, directory, request)
  if (local !== null) return local
  const attempt = currentAttempt(job)
  const isThere = attempt !== null && attempt.submission === "accepted" && job.pruned === null
  if (!isThere || engine === undefined || (isFinal(job.state) && attempt.startedAt === null)) {
    return { data: "", nextOffset: request.offset, final: isFinal(job.state) }
  }
  // Nobody waits for a manager that was given up.
  if (isAbandoned(job) && !engine.desk.link.isConnected) return { data: "", nextOffset: request.offset, final: true }
  const { session, place } = await engine.desk.link.session(new AbortController().signal)
  const read = async (offset: number) =>
    session.ask(tail(place.home, attempt.token, request.stream, offset, request.max))
  const piece = await read(request.offset)
  // Another start, or another attempt, has begun its file anew.
  const { offset, data } = piece.size < request.offset ? await read(0) : piece
  return {
    data: data.toString("base64"),
    nextOffset: offset + data.length,
    final: isFinal(job.state) && data.length === 0,
  }
}

/** From the local folder; null: it has not been brought back. */
export async function readLocalLog(job: Job, directory: string, request: LogRequest): Promise<LogPiece | null> {
  if (!isFinal(job.state) && job.collected === null) return null
  return readLocal(join(directory, request.stream), request)
}

async function readLocal(path: string, request: LogRequest): Promise<LogPiece | null> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null
    throw error
  })
  if (file === null) return null
  try {
    const buffer = Buffer.alloc(request.max)
    const { bytesRead } = await file.read(buffer, 0, request.max, request.offset)
    const data = buffer.subarray(0, bytesRead)
    return { data: data.toString("base64"), nextOffset: request.offset + bytesRead, final: bytesRead < request.max }
  } finally {
    await file.close()
  }
}
