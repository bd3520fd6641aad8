/** A channel that waits for one command and its data, so that both can be sent in one go. */
import type { Readable } from "node:stream"
import { withDeadline } from "../clock.ts"
import { openCompound } from "../quote.ts"
import { type ShellOptions, openPreparedChannel } from "./preparedChannel.ts"
import { channelClosedError, silentError } from "./shellErrors.ts"
import type { Channel, Connection } from "./transport.ts"

export interface BulkChannel {
  readonly channel: Channel
  /** Of the marks on its stderr. */
  readonly prefix: string
}

/** Opens a channel up to where hz_bulk waits. Throws what opening a shell throws. */
export async function openBulkChannel(
  connection: Connection,
  settings: ShellOptions,
  signal?: AbortSignal,
): Promise<BulkChannel> {
  const { clock, connectTimeoutMs } = settings
  const channel = await openPreparedChannel(connection, settings, signal)
  const prefix = `hz-${clock.nonce(8)}-1`
  try {
    channel.stdin.write(openCompound(["hz_bulk", prefix]))
    // The shell reads its stdin in blocks: data sent before this mark would be taken for commands.
    const begun = Promise.race([beginMark(channel.stdout, `${prefix} begin\n`), endOf(channel)])
    await withDeadline(clock, connectTimeoutMs, begun, () => silentError(connectTimeoutMs, undefined))
    return { channel, prefix }
  } catch (error) {
    channel.destroy()
    throw error
  }
}

async function endOf(channel: Channel): Promise<never> {
  const { exitCode, signal } = await channel.exit
  throw channelClosedError(exitCode, signal, undefined, "")
}

/** Consumes stdout up to and including the mark; what follows it stays to be read. */
function beginMark(stdout: Readable, mark: string): Promise<void> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0)
    const onData = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk])
      const at = seen.indexOf(mark)
      if (at < 0) {
        seen = seen.subarray(-mark.length)
        return
      }
      stdout.pause().off("data", onData)
      stdout.unshift(seen.subarray(at + mark.length))
      resolve()
    }
    stdout.on("data", onData).resume()
  })
}
