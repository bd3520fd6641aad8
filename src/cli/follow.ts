/** Follow: a job's stdout or stderr, piece by piece, until the job is over and nothing is left. */
import type { Clock } from "../clock.ts"
import { UsageError } from "../errors.ts"
import type { HawserReader, LogPiece } from "../hawser.ts"

const pieceBytesMax = 256 * 1024

/** Soon after something came, seldom when nothing does: each look is a question to the other side. */
const pollMsMin = 150
const pollMsMax = 2_000

/** What can't be read after the end, asked this often, is not there to be read. */
const triesAfterEndMax = 5

export interface Following {
  readonly clock: Clock
  readonly api: HawserReader
  /** Of the job. */
  readonly name: string
  readonly stream: "stdout" | "stderr"
  /** Gets the bytes in order; the next piece is read when it is done. */
  readonly write: (data: Buffer) => Promise<void>
  readonly signal: AbortSignal
  /** Aborted when the job is over: what is left is read at once. */
  readonly over?: AbortSignal
}

/** Resolves after the last piece. A manager that is away is waited for. */
export async function follow({ clock, api, name, stream, write, signal, over }: Following): Promise<void> {
  const wake = over === undefined ? signal : AbortSignal.any([signal, over])
  let offset = 0
  let pollMs = pollMsMin
  let failures = 0
  for (;;) {
    const piece = await api.logs(name, { stream, offset, max: pieceBytesMax }).catch(passing)
    signal.throwIfAborted()
    if (piece !== null && piece.data !== "") {
      await write(Buffer.from(piece.data, "base64"))
      pollMs = pollMsMin
    }
    offset = piece?.nextOffset ?? offset
    if (piece?.final === true) return
    failures = piece === null && over?.aborted === true ? failures + 1 : 0
    if (failures === triesAfterEndMax) return
    if (piece !== null && piece.data !== "") continue
    await clock.sleep(pollMs, over?.aborted === true ? signal : wake).catch(() => undefined)
    signal.throwIfAborted()
    pollMs = Math.min(pollMsMax, pollMs * 1.5)
  }
}

/** Everything that is there now, once. */
export async function readAll({
  api,
  name,
  stream,
  write,
}: Pick<Following, "api" | "name" | "stream" | "write">): Promise<void> {
  let offset = 0
  for (;;) {
    const piece = await api.logs(name, { stream, offset, max: pieceBytesMax })
    if (piece.data === "") return
    await write(Buffer.from(piece.data, "base64"))
    offset = piece.nextOffset
  }
}

/** Null: it can't be read now. */
function passing(error: unknown): LogPiece | null {
  if (error instanceof UsageError) throw error
  return null
}
