/** The stderr of a bulk channel: what the command said, and the mark that tells its exit code. */
import type { Readable } from "node:stream"

const bytesMax = 1_048_576

export interface BulkErrors {
  /** The exit code. Never settles if the channel ends without one. */
  readonly ended: Promise<number>
  hasEnded(): boolean
  text(): string
}

export function bulkErrors(stderr: Readable, prefix: string, touch: () => void): BulkErrors {
  const exitMark = new RegExp(`\n${prefix} exit (\\d+)\n`)
  const begin = `${prefix} err\n`
  let seen = Buffer.alloc(0)
  let exitCode: number | undefined
  const ended = new Promise<number>((resolve) => {
    stderr.on("data", (chunk: Buffer) => {
      touch()
      if (exitCode !== undefined) return
      // The middle is dropped when there is too much: the marks stand at the ends.
      seen = Buffer.concat([seen.length > bytesMax ? seen.subarray(0, bytesMax / 2) : seen, chunk])
      const found = exitMark.exec(seen.toString("latin1", Math.max(0, seen.length - chunk.length - 200)))
      if (found === null) return
      exitCode = Number(found[1])
      resolve(exitCode)
    })
    stderr.resume()
  })
  return {
    ended,
    hasEnded: () => exitCode !== undefined,
    text() {
      const from = seen.indexOf(begin)
      const to = seen.lastIndexOf(`\n${prefix} exit `)
      return seen.toString("utf8", from < 0 ? 0 : from + begin.length, to < 0 ? seen.length : to)
    },
  }
}
