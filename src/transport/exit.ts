/** When a channel counts as ended. */
import type { EventEmitter } from "node:events"
import type { Clock } from "../clock.ts"

export interface Exit {
  readonly exitCode: number | null
  readonly signal: string | null
}

/** For output that is on its way when the shell ends. */
const drainMs = 1_000

/**
 * `close` comes when nobody holds the pipes any more: a process that the shell left behind may keep them for days.
 * So a while after `exit` it is over as well.
 */
export function exitOf(clock: Clock, emitter: EventEmitter): Promise<Exit> {
  return new Promise((resolve) => {
    const closed = new AbortController()
    let exit: Exit = { exitCode: null, signal: null }
    emitter.once("exit", (exitCode: number | null, signal?: string | null) => {
      exit = { exitCode, signal: signal ?? null }
      clock.sleep(drainMs, closed.signal).then(
        () => resolve(exit),
        () => undefined,
      )
    })
    emitter.once("close", () => {
      closed.abort()
      resolve(exit)
    })
  })
}
