/** A session with a manager's host: one connection, a shell for questions, shells for effects, channels for bulk data. */
import type { Readable } from "node:stream"
import type { Clock } from "../clock.ts"
import type { Command } from "../command.ts"
import { type BulkRequest, runBulk } from "./bulk.ts"
import { type BulkChannels, bulkChannels } from "./bulkChannels.ts"
import { type EffectShells, effectShells } from "./effectShells.ts"
import { type LastingShell, lastingShell } from "./lastingShell.ts"
import { type ShellOptions, connectionLoss } from "./preparedChannel.ts"
import type { FramedShell } from "./shell.ts"
import type { Connection, Transport } from "./transport.ts"

/**
 * All failures are HawserErrors with a class. For a command that was sent and not answered (channel lost, deadline
 * passed) the class is `in-doubt` for effects and `transient` for questions; for one that was never sent, `transient`.
 */
export interface Session extends AsyncDisposable {
  readonly address: string
  /** A command without effects, pipelined on the question shell. Resolves with what the command's parser returns. */
  ask<T>(command: Command<T>, signal?: AbortSignal): Promise<T>
  /** A command with effects. Those that are under way together have no order: who needs one waits for the first. */
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

const connectTimeoutMsDefault = 30_000
const answerTimeoutMsDefault = 120_000

/**
 * Connects, and opens the question shell, so that a session that opens also answers. If a shell dies while the
 * connection lives, the next command opens another; when the connection is lost, the session is.
 */
export async function openSession(
  transport: Transport,
  options: SessionOptions,
  signal?: AbortSignal,
): Promise<Session> {
  const settings: ShellOptions = {
    clock: options.clock,
    prelude: options.prelude,
    connectTimeoutMs: options.connectTimeoutMs ?? connectTimeoutMsDefault,
    answerTimeoutMs: options.answerTimeoutMs ?? answerTimeoutMsDefault,
  }
  const connection = await transport.connect(signal, { timeoutMs: settings.connectTimeoutMs })
  const questions = lastingShell(connection, settings)
  const effects = effectShells(connection, settings, questions)
  // sshd's MaxSessions is 10 by default: one for questions, three for effects, five for bulk data, prepared ones included.
  const channels = bulkChannels(connection, settings, () => effects.giveBack())
  try {
    const answers = questions.shell(signal)
    // All on their way together: what is needed next waits for no other round trip.
    effects.warm()
    channels.prepare()
    await answers
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
  return connectedSession(transport.address, connection, settings, { questions, effects, channels })
}

interface Parts {
  readonly questions: LastingShell
  readonly effects: EffectShells
  readonly channels: BulkChannels
}

function connectedSession(
  address: string,
  connection: Connection,
  settings: ShellOptions,
  { questions, effects, channels }: Parts,
): Session {
  const whyLost = connectionLoss(connection)
  const { clock, answerTimeoutMs } = settings

  const run = async <T>(
    shell: FramedShell,
    command: Command<T>,
    hasEffect: boolean,
    signal?: AbortSignal,
  ): Promise<T> => {
    const { argv, stdin, timeoutMs, sharesWatchdog } = command
    return command.parse(await shell.run({ argv, stdin, timeoutMs, sharesWatchdog, hasEffect }, signal))
  }

  const bulk = async <T>(
    command: Command<T>,
    ends: Pick<BulkRequest, "source" | "sink" | "hasEffect">,
    signal?: AbortSignal,
  ): Promise<T> => {
    const { channel, release } = await channels.take(signal)
    // A channel that was kept ready is of no use behind a loss; nothing was sent on it.
    const lost = whyLost()
    if (lost !== undefined) {
      release()
      throw lost
    }
    // While this one is at work, the next is made ready.
    channels.prepare()
    const { argv, timeoutMs } = command
    const request = { ...ends, argv, timeoutMs, clock, idleTimeoutMs: answerTimeoutMs, whyLost }
    try {
      return command.parse(await runBulk(channel, request, signal))
    } finally {
      release()
    }
  }

  return {
    address,
    closed: connection.closed,
    ask: async (command, signal) => run(await questions.shell(signal), command, false, signal),
    act: (command, signal) => effects.with((shell) => run(shell, command, true, signal), signal),
    send: (command, source, signal) => bulk(command, { source, hasEffect: true }, signal),
    receive: (command, sink, signal) => bulk(command, { sink, hasEffect: false }, signal),
    async [Symbol.asyncDispose]() {
      questions.close()
      effects.close()
      channels.close()
      await connection[Symbol.asyncDispose]()
    },
  }
}
