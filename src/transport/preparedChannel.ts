/** A channel with a shell on it that has answered and knows our functions. */
import type { Clock } from "../clock.ts"
import { TransportError } from "../errors.ts"
import { shellText } from "../remote/shellText.ts"
import { handshake, shellEnded } from "./handshake.ts"
import type { Channel, Connection } from "./transport.ts"

/** Functions that each shell reads first; see there. */
const frameScript = shellText(["facts.sh", "frame.sh"])

export interface ShellOptions {
  readonly clock: Clock
  /** Shell functions and settings, read once after our own. */
  readonly prelude: string
  readonly connectTimeoutMs: number
  readonly answerTimeoutMs: number
}

/** A channel whose shell has answered and read frame.sh and the prelude; a login shell, or a plain one where login files end it. */
export async function openPreparedChannel(
  connection: Connection,
  options: ShellOptions,
  signal?: AbortSignal,
): Promise<Channel> {
  const { clock, connectTimeoutMs, prelude } = options
  for (const login of [true, false]) {
    const channel = await connection.channel(signal, { login })
    try {
      await handshake(channel, clock, connectTimeoutMs, signal)
      channel.stdin.write(`${frameScript}\n${prelude}\n`)
      return channel
    } catch (error) {
      channel.destroy()
      if (!login || !(error instanceof TransportError) || error.code !== shellEnded) throw error
    }
  }
  throw new Error("unreachable")
}

/** Why the connection was lost, as soon as it is known. */
export function connectionLoss(connection: Connection): () => Error | undefined {
  let reason: Error | undefined
  void connection.closed.then((error) => (reason = error))
  return () => reason
}
