/** A stream of bytes as lines of bounded length. */
import type { Socket } from "node:net"

/**
 * Calls `onLine` for every whole line, without its end. A line of more than `bytesMax` bytes calls `onTooLong`, once,
 * and nothing after it. A last line without an end is a message that was cut off: it is dropped.
 */
export function readLines(
  socket: Socket,
  bytesMax: number,
  onLine: (line: string) => void,
  onTooLong: () => void,
): void {
  let pieces: Buffer[] = []
  let bytes = 0
  const onData = (chunk: Buffer): void => {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...pieces, chunk.subarray(start, end)])
      pieces = []
      bytes = 0
      start = end + 1
      if (line.length > 0) onLine(line.toString("utf8"))
    }
    if (start === chunk.length) return
    pieces.push(chunk.subarray(start))
    bytes += chunk.length - start
    if (bytes <= bytesMax) return
    socket.off("data", onData)
    pieces = []
    onTooLong()
  }
  socket.on("data", onData)
}
