/** What can go wrong with a framed shell, as errors. */
import { firstLine } from "../command.ts"
import { TransportError } from "../errors.ts"

interface Named {
  readonly argv: readonly string[]
  readonly hasEffect: boolean
}

/** For a request that was sent and not answered, when the shell was lost for `cause`. */
export function unansweredError(request: Named, cause: TransportError): TransportError {
  return new TransportError(cause.code, {
    summary: `No answer to ${nameOf(request)}: ${lowered(cause.summary)}`,
    reason: cause.reason,
    advice: request.hasEffect ? "It may have been carried out all the same." : cause.advice,
    class: unansweredClass(request.hasEffect),
    cause,
  })
}

/** For a request that was not sent, because the shell was lost before. */
export function neverSentError(cause: TransportError): TransportError {
  const { code, summary, reason, advice } = cause
  return new TransportError(code, { summary, reason, advice, cause, class: "transient" })
}

export function answerLateError(request: Named, limitMs: number): TransportError {
  return new TransportError("COMMAND_TIMEOUT", {
    summary: `${nameOf(request)} did not answer within ${limitMs / 1_000} s; its shell was given up.`,
    class: "transient",
  })
}

export function tooLongError(request: Named, bytes: number): TransportError {
  return new TransportError("OUTPUT_TOO_LONG", {
    summary: `${nameOf(request)} printed ${bytes} bytes, more than an answer may have.`,
    advice: "Ask for less at a time, or receive it over a channel of its own.",
    class: request.hasEffect ? "in-doubt" : "rejected",
  })
}

/** The shell went on with the next request without having run this one. */
export function notRunError(request: Named, noise: string): TransportError {
  return new TransportError("COMMAND_NOT_RUN", {
    summary: `The shell was not able to run ${nameOf(request)}.`,
    reason: lastLine(noise),
    advice: "Look whether that host has space in its temporary directory and may start processes.",
    class: "transient",
  })
}

export function desynchronisedError(reason: string): TransportError {
  return new TransportError("SHELL_DESYNCHRONISED", {
    summary: "The answers of the shell can't be told apart any more; it was given up.",
    reason,
    class: "transient",
  })
}

export function channelClosedError(
  exitCode: number | null,
  signal: string | null,
  connectionLoss: Error | undefined,
  noise: string,
): TransportError {
  if (connectionLoss instanceof TransportError) return connectionLoss
  const how = signal === null ? (exitCode === null ? "" : ` with exit code ${exitCode}`) : ` by ${signal}`
  return new TransportError("CHANNEL_CLOSED", {
    summary: `The shell on the other side ended${how}.`,
    reason: lastLine(noise) ?? connectionLoss?.message,
    class: "transient",
  })
}

export function closedByUsError(): TransportError {
  return new TransportError("SESSION_CLOSED", { summary: "The session was closed.", class: "transient" })
}

export function abortedError(hasEffectSent: boolean, signal: AbortSignal | undefined): TransportError {
  return new TransportError("ABORTED", {
    summary: "The wait for an answer was broken off.",
    class: unansweredClass(hasEffectSent),
    cause: signal?.reason,
  })
}

function unansweredClass(hasEffect: boolean): "in-doubt" | "transient" {
  return hasEffect ? "in-doubt" : "transient"
}

function nameOf(request: Named): string {
  return request.argv.slice(0, 2).join(" ").slice(0, 60)
}

function lastLine(text: string): string | undefined {
  return firstLine(text.split("\n").toReversed().join("\n"))
}

function lowered(sentence: string): string {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1)
}

export function silentError(timeoutMs: number, words: string | undefined): TransportError {
  return new TransportError("SHELL_SILENT", {
    summary: `The shell did not answer within ${timeoutMs / 1_000} s.`,
    reason: words,
    advice: "Look for a slow command, or one that reads its stdin, in the startup files of your account on that host.",
    class: "transient",
  })
}
