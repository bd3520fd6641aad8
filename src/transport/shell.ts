/** The framed shell: one long-lived `sh` on one channel that carries many short commands, pipelined. */
import type { CommandResult } from "../command.ts"
import type { TransportError } from "../errors.ts"
import { compound, endMark } from "../quote.ts"
import { movingDeadline } from "./deadline.ts"
import { deferred } from "./deferred.ts"
import { type Output, errorsReader, replyBytesMax, replyReader } from "./frames.ts"
import { type ShellOptions, connectionLoss, openPreparedChannel } from "./preparedChannel.ts"
import {
  abortedError,
  answerLateError,
  channelClosedError,
  closedByUsError,
  desynchronisedError,
  neverSentError,
  notRunError,
  tooLongError,
  unansweredError,
} from "./shellErrors.ts"
import type { Channel, Connection } from "./transport.ts"

/** For the watchdog on the other side to do its work and tell, before we give the shell up. */
const watchdogGraceMs = 10_000
const sharedWatchdogGraceMs = 30_000

export interface ShellRequest {
  readonly argv: readonly string[]
  readonly stdin?: string | undefined
  readonly timeoutMs?: number | undefined
  readonly sharesWatchdog?: boolean | undefined
  /** Whether losing the answer leaves its effect in doubt. */
  readonly hasEffect: boolean
}

export interface FramedShell {
  run(request: ShellRequest, signal?: AbortSignal): Promise<CommandResult>
  /** Why the shell is of no use any more; undefined while it is. */
  readonly lost: TransportError | undefined
  /** Fails what is in flight, and ends the channel. */
  close(reason?: TransportError): void
}

export async function openShell(
  connection: Connection,
  options: ShellOptions,
  signal?: AbortSignal,
): Promise<FramedShell> {
  const channel = await openPreparedChannel(connection, options, signal)
  return framedShell(channel, options, connectionLoss(connection))
}

interface Pending extends ShellRequest {
  readonly sequence: number
  readonly resolve: (result: CommandResult) => void
  readonly reject: (error: Error) => void
  output?: Output
  stderr?: Buffer
}

/** hz_frame's SECONDS: 0 is no watchdog, below 0 is the one that commands share. */
function secondsOf({ timeoutMs, sharesWatchdog }: ShellRequest): number {
  if (timeoutMs === undefined) return 0
  const seconds = Math.max(1, Math.ceil(timeoutMs / 1_000))
  return sharesWatchdog === true ? -seconds : seconds
}

/** hz_frame's last five bytes tell whether the watchdog struck. They are missing where even its subshell was killed. */
function resultOf(exitCode: number, body: Buffer, stderr: Buffer): CommandResult {
  const ending = body.toString("latin1", Math.max(0, body.length - 6))
  const isWhole = ending.endsWith("-hz.") || ending.endsWith("Thz.")
  const stdout = (isWhole ? body.subarray(0, -5) : body).toString()
  return { exitCode, stdout, stderr: stderr.toString(), timedOut: ending.endsWith("Thz.") }
}

function framedShell(channel: Channel, options: ShellOptions, whyLost: () => Error | undefined): FramedShell {
  const { clock, answerTimeoutMs } = options
  const prefix = `hz-${clock.nonce(8)}-`
  const pending = new Map<number, Pending>()
  let sequences = 0
  let lost: TransportError | undefined
  let begun = 0

  /** The oldest request: the only one that the shell may be working on. */
  const head = (): Pending | undefined => pending.values().next().value

  const close = (reason: TransportError): void => {
    if (lost !== undefined) return
    lost = reason
    deadline.end()
    channel.destroy()
    const unanswered = [...pending.values()]
    pending.clear()
    for (const request of unanswered) request.reject(unansweredError(request, reason))
  }

  const limitOf = ({ timeoutMs, sharesWatchdog }: ShellRequest): number =>
    timeoutMs === undefined
      ? answerTimeoutMs
      : timeoutMs + (sharesWatchdog === true ? sharedWatchdogGraceMs : watchdogGraceMs)
  const deadline = movingDeadline(clock, () => {
    const request = head()
    if (request !== undefined) close(answerLateError(request, limitOf(request)))
  })

  /** From now on the oldest request has its whole time. */
  const arm = (): void => {
    const request = head()
    if (request === undefined) deadline.clear()
    else deadline.set(limitOf(request))
  }

  const settle = (request: Pending): void => {
    const { output, stderr } = request
    if (output === undefined || stderr === undefined) return
    pending.delete(request.sequence)
    arm()
    if (typeof output.body === "number") request.reject(tooLongError(request, output.body))
    else request.resolve(resultOf(output.exitCode, output.body, stderr))
  }

  const onBegin = (sequence: number): void => {
    for (const request of pending.values()) {
      if (request.sequence >= sequence) break
      if (request.output !== undefined) continue
      if (request.sequence <= begun) return close(desynchronisedError(`Answer ${request.sequence} is missing.`))
      // The shell was not able to run it: no space for its here-document, no process.
      pending.delete(request.sequence)
      request.reject(notRunError(request, errors.noise()))
    }
    begun = sequence
    if (head()?.sequence === sequence) arm()
  }

  const onOutput = (sequence: number, output: Output): void => {
    const request = pending.get(sequence)
    if (request === undefined || sequence !== begun || request.output !== undefined) {
      return close(desynchronisedError(`Answer ${sequence} came out of turn.`))
    }
    request.output = output
    settle(request)
  }

  const errors = errorsReader(prefix, (sequence, text) => {
    const request = pending.get(sequence)
    if (request === undefined) return
    request.stderr = text
    settle(request)
  })
  const replies = replyReader(prefix, {
    begin: onBegin,
    reply: onOutput,
    broken: (reason) => close(desynchronisedError(reason)),
  })
  channel.stdout.on("data", replies).resume()
  channel.stderr.on("data", errors).resume()
  channel.exit.then(
    ({ exitCode, signal }) => close(channelClosedError(exitCode, signal, whyLost(), errors.noise())),
    () => undefined,
  )

  // What is asked in one go leaves in one packet.
  let unsent = ""
  const send = (text: string): void => {
    if (unsent === "") {
      queueMicrotask(() => {
        channel.stdin.write(unsent)
        unsent = ""
      })
    }
    unsent += text
  }

  return {
    get lost() {
      return lost
    },
    close: (reason) => close(reason ?? closedByUsError()),
    async run(request, signal) {
      if (lost !== undefined) throw neverSentError(lost)
      if (signal?.aborted) throw abortedError(false, signal)
      const { argv, stdin, hasEffect } = request
      const sequence = sequences + 1
      const words = ["hz_frame", `${prefix}${sequence}`, String(secondsOf(request)), String(replyBytesMax), ...argv]
      // Quoting may refuse a word: before the request counts.
      const text = compound(words, stdin, endMark(`hz-${clock.nonce(8)}`, stdin ?? ""))
      sequences = sequence
      const answer = deferred<CommandResult>()
      pending.set(sequence, { ...request, sequence, resolve: answer.resolve, reject: answer.reject })
      if (pending.size === 1) arm()
      send(text)
      const onAbort = (): void => answer.reject(abortedError(hasEffect, signal))
      signal?.addEventListener("abort", onAbort, { once: true })
      try {
        return await answer.promise
      } finally {
        signal?.removeEventListener("abort", onAbort)
      }
    },
  }
}
