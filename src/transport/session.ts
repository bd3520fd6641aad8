/** A session with a manager's host: one connection, a shell for questions, a shell for effects, channels for bulk data. */
import type { Readable } from "node:stream"
import type { Clock } from "../clock.ts"
import type { Command } from "../command.ts"

/**
 * All failures are HawserErrors with a class. For a command that was sent and not answered (channel lost, deadline
 * passed) the class is `in-doubt` for effects and `transient` for questions; for one that was never sent, `transient`.
 */
export interface Session extends AsyncDisposable {
  readonly address: string
  /** A command without effects, pipelined on the question shell. Resolves with what the command's parser returns. */
  ask<T>(command: Command<T>, signal?: AbortSignal): Promise<T>
  /** A command with effects, pipelined in order on the effect shell. */
  act<T>(command: Command<T>, signal?: AbortSignal): Promise<T>
  /** Runs the command on a channel of its own with `source` as its stdin, until both ended. */
  send<T>(command: Command<T>, source: Readable, signal?: AbortSignal): Promise<T>
  /** Runs the command on a channel of its own and hands its raw stdout to `sink`; the parser gets an empty stdout. */
  receive<T>(command: Command<T>, sink: (stdout: Readable) => Promise<void>, signal?: AbortSignal): Promise<T>
  /** Resolves when the session is lost or closed, with why. Never rejects. */
  readonly closed: Promise<Error>
}

export interface SessionOptions {
  readonly clock: Clock
  /** Shell functions and settings that each new shell reads first: the verbs of `remote/`. */
  readonly prelude: string
  /** For connection, login and the first answer of a shell. Default 30 s. */
  readonly connectTimeoutMs?: number
  /** For an answer, from the command's begin mark, where the command names no time of its own. Default 120 s. */
  readonly answerTimeoutMs?: number
}
