/** Tries an operation again, as the class of its error allows: p-retry, on our clock. */
import pRetry from "p-retry"
import type { Clock } from "../clock.ts"
import { asHawserError, classOf } from "../errors.ts"
import { type Policies, delayMsFor, policies } from "./policy.ts"

export interface RetryOptions {
  readonly signal?: AbortSignal
  /** Tries in all. */
  readonly triesMax?: number
  readonly table?: Policies
  /** Called before each wait. */
  readonly onRetry?: (error: Error, wait: { readonly tries: number; readonly delayMs: number }) => void
}

/**
 * What `operation` resolves to. Rejects with its last error, unchanged, when the class of that is not to be tried again
 * or the tries are used up; with the signal's reason when that is aborted. What is not an error of ours counts as
 * transient (`classOf`). Never for an effect that is not idempotent: `in-doubt` is not tried again, but `transient` is.
 */
export async function retrying<T>(
  clock: Clock,
  operation: (tries: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { signal, triesMax = 5, table = policies, onRetry } = options
  try {
    return await pRetry((tries) => carrying(operation, tries), {
      retries: triesMax - 1,
      // Its own timers are the global ones, so it waits for nothing; the wait is in shouldRetry, with ours.
      minTimeout: 0,
      maxTimeout: 0,
      ...(signal === undefined ? {} : { signal }),
      shouldRetry: async ({ error, attemptNumber }) => {
        const thrown = unwrap(error)
        const errorClass = classOf(thrown)
        if (!table[errorClass].again) return false
        const delayMs = delayMsFor(errorClass, attemptNumber, clock.random(), table)
        onRetry?.(thrown, { tries: attemptNumber, delayMs })
        await clock.sleep(delayMs, signal)
        return true
      },
    })
  } catch (error) {
    throw unwrap(error)
  }
}

/** Carries what was thrown past p-retry, which never tries a TypeError again and replaces what is not an Error. */
class Thrown extends Error {
  readonly thrown: Error

  constructor(thrown: unknown) {
    super("An operation failed.")
    this.thrown = thrown instanceof Error ? thrown : asHawserError(thrown)
  }
}

async function carrying<T>(operation: (tries: number) => Promise<T>, tries: number): Promise<T> {
  try {
    return await operation(tries)
  } catch (error) {
    throw new Thrown(error)
  }
}

function unwrap(error: unknown): Error {
  if (error instanceof Thrown) return error.thrown
  return error instanceof Error ? error : asHawserError(error)
}
