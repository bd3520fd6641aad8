/** Waits until a fresh shell answers: whatever its startup files print, read or take their time for. */
import { type Clock, withDeadline } from "../clock.ts"
import { firstLine } from "../command.ts"
import { TransportError } from "../errors.ts"
import { probe } from "../quote.ts"
import { deferred } from "./deferred.ts"
import { silentError } from "./shellErrors.ts"
import type { Channel } from "./transport.ts"

/** A profile that reads its stdin eats the first probe, or some. */
const probeIntervalMsMin = 250
const probeIntervalMsMax = 2_000
const noiseBytesMax = 4_096

/** The shell ended before it answered: a startup file that exits. */
export const shellEnded = "SHELL_ENDED"

/**
 * Resolves when the shell on the channel has answered. A startup file that reads stdin may eat a probe, so probes are
 * sent again until one is answered; late answers to the others are noise. Throws `SHELL_ENDED` or `SHELL_SILENT`.
 */
export async function handshake(
  channel: Channel,
  clock: Clock,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const nonce = clock.nonce(8)
  const answered = new AbortController()
  let noise = ""
  let errors = ""
  const ready = deferred<void>()
  const onData = (chunk: Buffer): void => {
    noise += chunk.toString("latin1")
    if (noise.includes(`hz-ready-${nonce}-`)) ready.resolve()
    else noise = noise.slice(-noiseBytesMax)
  }
  const onErrors = (chunk: Buffer): void => void (errors = (errors + chunk.toString()).slice(-noiseBytesMax))
  const onAbort = (): void => ready.reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"))
  if (signal?.aborted) onAbort()
  signal?.addEventListener("abort", onAbort, { once: true })
  channel.stdout.on("data", onData)
  channel.stderr.on("data", onErrors)
  channel.exit.then(
    ({ exitCode }) => ready.reject(ended(exitCode, firstLine(errors) ?? firstLine(noise))),
    ready.reject,
  )

  const probing = sendProbes(channel, clock, nonce, answered.signal)
  try {
    await withDeadline(clock, timeoutMs, ready.promise, () =>
      silentError(timeoutMs, firstLine(errors) ?? firstLine(noise)),
    )
  } finally {
    answered.abort()
    await probing
    signal?.removeEventListener("abort", onAbort)
    channel.stdout.pause()
    channel.stderr.pause()
    channel.stdout.off("data", onData)
    channel.stderr.off("data", onErrors)
  }
}

async function sendProbes(channel: Channel, clock: Clock, nonce: string, signal: AbortSignal): Promise<void> {
  for (let count = 1; !signal.aborted; count += 1) {
    channel.stdin.write(probe(nonce, count))
    const intervalMs = Math.min(probeIntervalMsMin * 2 ** (count - 1), probeIntervalMsMax)
    await clock.sleep(intervalMs, signal).catch(() => undefined)
  }
}

function ended(exitCode: number | null, words: string | undefined): TransportError {
  return new TransportError(shellEnded, {
    summary: `The shell ended before it answered${exitCode === null ? "" : ` (exit code ${exitCode})`}.`,
    reason: words,
    advice:
      "Look at what it said; if it said nothing, for an exit in the startup files of your account on that host (.bashrc, .profile, .cshrc).",
    class: "transient",
  })
}
