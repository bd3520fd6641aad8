/** A session with a manager's host: one connection, a shell for questions, a shell for effects, channels for bulk data. */
import type { Readable } from "node:stream"
import type { Clock } from "../clock.ts"
import type { Command } from "../command.ts"
import { classOf } from "../errors.ts"
import { type BulkRequest, runBulk } from "./bulk.ts"
import { type LastingShell, lastingShell } from "./lastingShell.ts"
import { type ShellOptions, connectionLoss, openPreparedChannel } from "./preparedChannel.ts"
import type { FramedShell } from "./shell.ts"
import { type Slots, slots } from "./slots.ts"
import type { Channel, Connection, Transport } from "./transport.ts"

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

const connectTimeoutMsDefault = 30_000
const answerTimeoutMsDefault = 120_000
/** sshd's MaxSessions is 10 by default: 8 channels are ours, and two of them are the shells. */
const bulkChannelsMax = 6
const channelEndMsMax = 2_000
const bulkTriesMax = 3
const busyPauseMs = 200

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
  try {
    await questions.shell(signal)
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
  return connectedSession(transport.address, connection, settings, questions)
}

function connectedSession(
  address: string,
  connection: Connection,
  settings: ShellOptions,
  questions: LastingShell,
): Session {
  const effects = lastingShell(connection, settings)
  let effectsShareShell = false
  const effectsUnderWay = new Set<Promise<unknown>>()
  const bulkSlots = slots(bulkChannelsMax)
  const whyLost = connectionLoss(connection)
  const { clock, answerTimeoutMs } = settings

  const run = async <T>(
    opened: Promise<FramedShell>,
    command: Command<T>,
    hasEffect: boolean,
    signal?: AbortSignal,
  ): Promise<T> => {
    const { argv, stdin, timeoutMs } = command
    const shell = await opened
    return command.parse(await shell.run({ argv, stdin, timeoutMs, hasEffect }, signal))
  }

  /** A server that allows no second channel gets questions and effects in one shell, from then on. */
  const effectShell = async (signal?: AbortSignal): Promise<FramedShell> => {
    try {
      return await effects.shell(signal)
    } catch (error) {
      if (classOf(error) !== "busy") throw error
      effectsShareShell = true
      return questions.shell(signal)
    }
  }

  /** In order, also when the shell changes: those under way in the one are over before the other begins. */
  const act = async <T>(command: Command<T>, signal?: AbortSignal): Promise<T> => {
    if (effectsShareShell) {
      await drained()
      return run(questions.shell(signal), command, true, signal)
    }
    const work = run(effectShell(signal), command, true, signal)
    effectsUnderWay.add(work)
    try {
      return await work
    } finally {
      effectsUnderWay.delete(work)
    }
  }

  const drained = async (): Promise<void> => {
    while (effectsUnderWay.size > 0) await Promise.allSettled(effectsUnderWay)
  }

  /** Where the server allows two channels, bulk data gets that of the effect shell. False: it had been given up before. */
  const giveUpEffectShell = async (): Promise<boolean> => {
    if (effectsShareShell) return false
    effectsShareShell = true
    await drained()
    effects.close()
    return true
  }

  const bulk = async <T>(
    command: Command<T>,
    ends: Pick<BulkRequest, "source" | "sink" | "hasEffect">,
    signal?: AbortSignal,
  ): Promise<T> => {
    const { channel, release } = await bulkChannel(connection, settings, bulkSlots, giveUpEffectShell, signal)
    const { argv, timeoutMs } = command
    const request = { ...ends, argv, timeoutMs, clock, idleTimeoutMs: answerTimeoutMs, whyLost }
    try {
      return command.parse(await runBulk(channel, request, signal))
    } finally {
      // The server counts a channel until both sides have closed it.
      void Promise.race([channel.exit, clock.sleep(channelEndMsMax)]).then(release)
    }
  }

  return {
    address,
    closed: connection.closed,
    ask: (command, signal) => run(questions.shell(signal), command, false, signal),
    act,
    send: (command, source, signal) => bulk(command, { source, hasEffect: true }, signal),
    receive: (command, sink, signal) => bulk(command, { sink, hasEffect: false }, signal),
    async [Symbol.asyncDispose]() {
      questions.close()
      effects.close()
      await connection[Symbol.asyncDispose]()
    },
  }
}

/** A server that allows fewer channels than we thought makes us wait for one of ours; it is `busy` if we have none. */
async function bulkChannel(
  connection: Connection,
  settings: ShellOptions,
  places: Slots,
  giveUpEffectShell: () => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<{ channel: Channel; release: () => void }> {
  for (let tries = 0; ;) {
    const release = await places.take(signal)
    try {
      return { channel: await openPreparedChannel(connection, settings, signal), release }
    } catch (error) {
      const canWait =
        classOf(error) === "busy" && (places.shrink() || (await giveUpEffectShell()) || (tries += 1) < bulkTriesMax)
      release()
      if (!canWait) throw error
    }
    // sshd forgets a closed channel a moment after it was closed.
    await settings.clock.sleep(busyPauseMs, signal)
  }
}
