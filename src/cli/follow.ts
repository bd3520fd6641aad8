/** Follow: a job's stdout or stderr, piece by piece, until the job is over and nothing is left. */
import type { Clock } from "../clock.ts"
import type { HawserReader } from "../hawser.ts"

const pieceBytesMax = 256 * 1024
const pollMs = 400

/** `write` gets the bytes in order. Resolves after the last piece. */
export async function follow(
  clock: Clock,
  api: HawserReader,
  name: string,
  stream: "stdout" | "stderr",
  write: (data: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  let offset = 0
  for (;;) {
    const piece = await api.logs(name, { stream, offset, max: pieceBytesMax })
    if (piece.data !== "") write(Buffer.from(piece.data, "base64"))
    offset = piece.nextOffset
    if (piece.final) return
    if (piece.data === "") await clock.sleep(pollMs, signal)
    signal.throwIfAborted()
  }
}

/** Everything that is there now, once. */
export async function readAll(api: HawserReader, name: string, stream: "stdout" | "stderr", write: (data: Buffer) => void): Promise<void> {
  let offset = 0
  for (;;) {
    const piece = await api.logs(name, { stream, offset, max: pieceBytesMax })
    if (piece.data === "") return
    write(Buffer.from(piece.data, "base64"))
    offset = piece.nextOffset
  }
}
