/** Effects: a few framed shells side by side, so that a submission that takes its time does not hold up the others. */
import { classOf } from "../errors.ts"
import { type LastingShell, lastingShell } from "./lastingShell.ts"
import type { ShellOptions } from "./preparedChannel.ts"
import type { FramedShell } from "./shell.ts"
import type { Connection } from "./transport.ts"

export interface EffectShells {
  /**
   * Does the work on the least busy shell; another one is opened when all have work and there may be more. What was
   * begun before its end may overtake it.
   */
  with<T>(work: (shell: FramedShell) => Promise<T>, signal?: AbortSignal): Promise<T>
  /** Opens the first one for whoever comes next, or all where that is worth it. A failure shows there. */
  warm(): void
  /** Gives channels back to a server that allows few: all but one first, then that one. False: there was none to give. */
  giveBack(): Promise<boolean>
  close(): void
}

/** Two keep a manager busy while a third waits for its answers; more would be a burden to a login node. */
const shellsMax = 3

interface Lane {
  readonly shell: LastingShell
  readonly underWay: Set<Promise<unknown>>
}

/** `questions` is the shell that effects share from the moment in which the server allows them none of their own. */
export function effectShells(connection: Connection, settings: ShellOptions, questions: LastingShell): EffectShells {
  let lanes: Lane[] = []
  let limit = shellsMax
  let isClosed = false

  const least = (): Lane | undefined => lanes.toSorted((one, other) => one.underWay.size - other.underWay.size).at(0)

  const another = (): Lane => {
    const lane = { shell: lastingShell(connection, settings), underWay: new Set<Promise<unknown>>() }
    lanes.push(lane)
    return lane
  }

  const pick = (): Lane | undefined => {
    const lane = least()
    if (lane?.underWay.size === 0 || lanes.length >= limit || isClosed) return lane
    return another()
  }

  /** A shell that can't be had for want of channels: from now on there are only as many as there are. */
  const opened = async (lane: Lane, signal: AbortSignal | undefined): Promise<FramedShell | null> => {
    try {
      return await lane.shell.shell(signal)
    } catch (error) {
      if (classOf(error) !== "busy") throw error
      lanes = lanes.filter((other) => other !== lane)
      limit = Math.min(limit, lanes.length)
      return null
    }
  }

  const run = async <T>(work: (shell: FramedShell) => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    for (;;) {
      const lane = pick()
      if (lane === undefined) return work(await questions.shell(signal))
      const done = inLane(lane, work, signal)
      lane.underWay.add(done)
      const result = await done.finally(() => lane.underWay.delete(done))
      if (result !== null) return result.value
    }
  }

  const inLane = async <T>(
    lane: Lane,
    work: (shell: FramedShell) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly value: T } | null> => {
    const shell = await opened(lane, signal)
    return shell === null ? null : { value: await work(shell) }
  }

  const closeDrained = async (lane: Lane): Promise<void> => {
    while (lane.underWay.size > 0) await Promise.allSettled(lane.underWay)
    lane.shell.close()
  }

  return {
    with: run,
    warm() {
      while (lanes.length < (connection.opensAhead === true ? limit : 1)) {
        const lane = another()
        void opened(lane, undefined).catch(() => undefined)
      }
    },
    async giveBack() {
      if (limit === 0) return false
      limit = lanes.length > 1 ? 1 : 0
      const given = lanes.slice(limit)
      lanes = lanes.slice(0, limit)
      await Promise.all(given.map(closeDrained))
      return true
    },
    close() {
      isClosed = true
      for (const lane of lanes) lane.shell.close()
    },
  }
}
