/** Bulk data: a command on a channel of its own, with the channel's raw stdin and stdout. */
import { once } from "node:events"
import { type Readable, Transform, type Writable } from "node:stream"
import type { Clock } from "../clock.ts"
import type { CommandResult } from "../command.ts"
import { TransportError } from "../errors.ts"
import { bulkCommand } from "../quote.ts"
import type { BulkChannel } from "./bulkChannel.ts"
import { type BulkErrors, bulkErrors } from "./bulkErrors.ts"
import { deferred } from "./deferred.ts"
import { channelClosedError, unansweredError } from "./shellErrors.ts"
import type { Channel } from "./transport.ts"

/** What a command may print while it takes data in. */
const textBytesMax = 1_048_576

export interface BulkRequest {
  readonly argv: readonly string[]
  readonly hasEffect: boolean
  readonly clock: Clock
  /** Without a byte in either direction for so long, it is given up. */
  readonly idleTimeoutMs: number
  /** The whole must not take longer than this. */
  readonly timeoutMs?: number | undefined
  readonly source?: Readable
  readonly sink?: (stdout: Readable) => Promise<void>
  /** Why the connection was lost, if it was. */
  readonly whyLost: () => Error | undefined
}

/** Takes over the channel and always ends it. Rejects with what the source or the sink threw, if they did. */
export async function runBulk(
  { channel, prefix }: BulkChannel,
  request: BulkRequest,
  signal?: AbortSignal,
): Promise<CommandResult> {
  const failed = deferred<never>()
  failed.promise.catch(() => undefined)
  const lose = (error: TransportError): void => failed.reject(unansweredError(request, error))
  const onAbort = (): void => failed.reject(signal?.reason)
  signal?.addEventListener("abort", onAbort, { once: true })
  if (signal?.aborted) onAbort()
  const over = new AbortController()
  const touch = watchIdle(request, over.signal, lose)
  const errors = bulkErrors(channel.stderr, prefix, touch)
  void channel.exit.then((exit) => {
    if (!errors.hasEnded()) lose(channelClosedError(exit.exitCode, exit.signal, request.whyLost(), errors.text()))
  })
  try {
    return await Promise.race([converse(channel, request, errors, touch), failed.promise])
  } finally {
    over.abort()
    signal?.removeEventListener("abort", onAbort)
    channel.destroy()
    request.source?.destroy()
  }
}

async function converse(
  channel: Channel,
  request: BulkRequest,
  errors: BulkErrors,
  touch: () => void,
): Promise<CommandResult> {
  const { argv, source, sink } = request
  channel.stdin.write(bulkCommand(argv))
  const stdout = channel.stdout.pipe(touching(touch))
  const taking = sink === undefined ? textOf(stdout) : sink(stdout).then(() => "")
  // A command may end without having read all: then the rest is not sent.
  const sending =
    source === undefined ? void channel.stdin.end() : Promise.race([feed(source, channel, touch), errors.ended])
  const [text] = await Promise.all([taking, sending])
  return { exitCode: await errors.ended, stdout: text, stderr: errors.text(), timedOut: false }
}

async function feed(source: Readable, channel: Channel, touch: () => void): Promise<void> {
  for await (const chunk of source) {
    touch()
    if (!channel.stdin.write(chunk) && channel.stdin.writable) await drained(channel.stdin)
  }
  channel.stdin.end()
}

/** Until there is room again, or none will ever be. Leaves no listener behind: it happens with each chunk of a large file. */
async function drained(stdin: Writable): Promise<void> {
  const over = new AbortController()
  try {
    await Promise.race(["drain", "close"].map(async (name) => once(stdin, name, { signal: over.signal })))
  } finally {
    over.abort()
  }
}

function touching(touch: () => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      touch()
      done(null, chunk)
    },
  })
}

async function textOf(stdout: Readable): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    if (bytes < textBytesMax) parts.push(chunk)
    bytes += chunk.length
  }
  return Buffer.concat(parts).toString()
}

/** Calls `onStall` when the returned function was not called for too long, or the whole takes too long. */
function watchIdle(request: BulkRequest, signal: AbortSignal, onStall: (error: TransportError) => void): () => void {
  const { clock, idleTimeoutMs, timeoutMs = Number.POSITIVE_INFINITY } = request
  const startMs = clock.monotonic()
  let touchedMs = startMs
  const watch = async (): Promise<void> => {
    for (;;) {
      const leftMs = Math.min(touchedMs + idleTimeoutMs, startMs + timeoutMs) - clock.monotonic()
      if (leftMs <= 0) return onStall(stalledError(request))
      await clock.sleep(leftMs, signal)
    }
  }
  watch().catch(() => undefined)
  return () => void (touchedMs = clock.monotonic())
}

function stalledError(request: BulkRequest): TransportError {
  return new TransportError("TRANSFER_STALLED", {
    summary: `the transfer by ${request.argv[0]} came to a stop.`,
    class: "transient",
  })
}
