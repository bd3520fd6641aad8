/** A shell that is replaced when it dies. */
import type { ShellOptions } from "./preparedChannel.ts"
import { type FramedShell, openShell } from "./shell.ts"
import { abortedError, closedByUsError } from "./shellErrors.ts"
import type { Connection } from "./transport.ts"

/** One framed shell at a time over a connection: when it dies and the connection lives, the next command opens another. */
export interface LastingShell {
  /** The shell, opened if there is none that lives. */
  shell(signal?: AbortSignal): Promise<FramedShell>
  close(): void
}

export function lastingShell(connection: Connection, settings: ShellOptions): LastingShell {
  let current: Promise<FramedShell> | undefined
  let opened: FramedShell | undefined
  let isClosed = false
  const open = async (): Promise<FramedShell> => {
    if (isClosed) throw closedByUsError()
    opened = undefined
    opened = await openShell(connection, settings)
    if (isClosed) opened.close()
    return opened
  }
  return {
    async shell(signal) {
      signal?.throwIfAborted()
      if (current === undefined || opened?.lost !== undefined) {
        const opening = open()
        current = opening
        opened = undefined
        opening.catch(() => {
          if (current === opening) current = undefined
        })
      }
      return untilAborted(current, signal)
    },
    close() {
      isClosed = true
      opened?.close()
    },
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  let onAbort = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(abortedError(false, signal))
    signal.addEventListener("abort", onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}
