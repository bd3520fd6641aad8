/** The channels for bulk data: a few at a time, some of them prepared before they are asked for. */
import { classOf } from "../errors.ts"
import { type BulkChannel, openBulkChannel } from "./bulkChannel.ts"
import type { ShellOptions } from "./preparedChannel.ts"
import { slots } from "./slots.ts"
import type { Connection } from "./transport.ts"

export interface BulkChannels {
  /**
   * A channel that waits for one command. `release` when it is over. A server that allows fewer channels
   * than we thought makes us wait for one of ours; it is `busy` if we have none.
   */
  take(signal?: AbortSignal): Promise<{ readonly channel: BulkChannel; readonly release: () => void }>
  /** Opens some for whoever comes next, if there are none. */
  prepare(): void
  close(): void
}

const channelsMax = 4
/** Where it is worth it: job directories travel in two streams, and a channel that is opened when needed takes three round trips. */
const sparesAhead = 2
const triesMax = 3
const busyPauseMs = 200
/** A busy server takes its time to forget a channel that we have closed. */
const forgottenMsMax = 10_000
const channelEndMsMax = 2_000

/** `makeRoom` gives up another channel of the connection; false: there is none to give up. */
export function bulkChannels(
  connection: Connection,
  settings: ShellOptions,
  makeRoom: () => Promise<boolean>,
): BulkChannels {
  const { clock } = settings
  const places = slots(channelsMax)
  let spares: readonly Promise<BulkChannel | null>[] = []
  let mayPrepare = true
  let isClosed = false
  /** When we have last given a channel back to the server, by the monotonic clock. */
  let gaveBackAt = Number.NEGATIVE_INFINITY

  const gaveBack = (): true => {
    gaveBackAt = clock.monotonic()
    return true
  }

  /** It is worth waiting for a channel of ours that is still in use, or that the server has not forgotten yet. */
  const canWait = async (tries: number): Promise<boolean> => {
    if (places.shrink()) return true
    if (await makeRoom()) return gaveBack()
    return tries < triesMax || clock.monotonic() - gaveBackAt < forgottenMsMax
  }

  const prepareOne = (): void => {
    const forget = (): void => {
      spares = spares.filter((other) => other !== opening)
    }
    const opening = openBulkChannel(connection, settings).then(
      (ready) => {
        const { channel } = ready
        void channel.exit.then(forget)
        if (isClosed) channel.destroy()
        return ready
      },
      (error: unknown) => {
        // It is a convenience: whoever needs a channel will be told.
        if (classOf(error) === "busy") mayPrepare = false
        forget()
        return null
      },
    )
    spares = [...spares, opening]
  }

  const prepare = (): void => {
    const count = connection.opensAhead === true ? Math.min(sparesAhead, channelsMax + 1 - places.taken()) : 1
    while (spares.length < count && mayPrepare && !isClosed) prepareOne()
  }

  const taken = async (signal: AbortSignal | undefined): Promise<BulkChannel> => {
    const [prepared] = spares
    spares = spares.slice(1)
    return (await prepared) ?? openBulkChannel(connection, settings, signal)
  }

  return {
    async take(signal) {
      for (let tries = 1; ; tries += 1) {
        const release = await places.take(signal)
        try {
          const channel = await taken(signal)
          return {
            channel,
            release() {
              // The server counts a channel until both sides have closed it.
              void Promise.race([channel.channel.exit, clock.sleep(channelEndMsMax)]).then(() => {
                gaveBack()
                release()
              })
            },
          }
        } catch (error) {
          const isWorthWaiting = classOf(error) === "busy" && (await canWait(tries))
          release()
          if (!isWorthWaiting) throw error
        }
        // sshd forgets a closed channel a moment after it was closed.
        await clock.sleep(busyPauseMs, signal)
      }
    },
    prepare,
    close() {
      isClosed = true
      for (const spare of spares) void spare.then((ready) => ready?.channel.destroy())
    },
  }
}
