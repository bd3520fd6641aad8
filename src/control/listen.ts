/** Events as an async iterable: a subscription that lasts as long as somebody iterates. */
import { HawserError } from "../errors.ts"
import type { HawserApi } from "../hawser.ts"
import type { AnyEvent } from "../job/index.ts"
import { onAborted, reasonOf } from "../abort.ts"

export interface ListenOptions {
  readonly isWanted?: (event: AnyEvent) => boolean
  /** Begun after the subscription; when it resolves, the iteration ends with what has come by then. */
  readonly until?: (signal: AbortSignal) => Promise<unknown>
  readonly signal?: AbortSignal | undefined
  /** The number of the first one. Default: from now on. */
  readonly fromSeq?: number | undefined
}

/** More events than this for a loop that does not take them, and the loop ends with `EVENTS_NOT_TAKEN`. */
const waitingMax = 100_000

/** From the first `next()` on. Ends the subscription when the loop is left, however it is left. */
export async function* listen(api: HawserApi, options: ListenOptions = {}): AsyncGenerator<AnyEvent, void, undefined> {
  const { isWanted = () => true, until, signal, fromSeq } = options
  signal?.throwIfAborted()
  const inbox = new Inbox()
  const over = new AbortController()
  const forget = onAborted(signal, () => inbox.close(signal && reasonOf(signal)))
  const end = await api.subscribe((events) => inbox.put(events.filter(isWanted)), fromSeq)
  until?.(over.signal).then(
    () => inbox.close(),
    (error: unknown) => inbox.close(error instanceof Error ? error : new Error(String(error))),
  )
  try {
    for (;;) {
      const events = await inbox.take()
      if (events === null) return
      yield* events
    }
  } finally {
    forget()
    over.abort()
    end()
  }
}

/** What has come and was not taken yet; closed, it gives out the rest, and then its error or its end. */
class Inbox {
  private events: AnyEvent[] = []
  private closed: { readonly error: Error | undefined } | null = null
  private wake = (): void => undefined

  put(events: readonly AnyEvent[]): void {
    if (this.closed !== null) return
    for (const event of events) this.events.push(event)
    if (this.events.length > waitingMax) this.close(notTaken())
    this.wake()
  }

  close(error?: Error): void {
    this.closed ??= { error }
    this.wake()
  }

  /** Null: that was all. */
  async take(): Promise<readonly AnyEvent[] | null> {
    while (this.events.length === 0 && this.closed === null) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
    const { events } = this
    this.events = []
    if (events.length > 0) return events
    if (this.closed?.error !== undefined) throw this.closed.error
    return null
  }
}

function notTaken(): HawserError {
  return new HawserError("EVENTS_NOT_TAKEN", {
    summary: "Events came faster than they were taken.",
    reason: `${waitingMax} are waiting.`,
    advice: "Take them without waiting for other things in the loop.",
  })
}
