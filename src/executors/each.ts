/** Each: the same step for many jobs; one that fails keeps no other from its turn. */
import { type HawserError, SchedulerError, StoreError, TransportError, UsageError, asHawserError } from "../errors.ts"
import type { AnyEventBody } from "../job/index.ts"
import type { Desk } from "./desk.ts"

export interface Failed<T> {
  readonly item: T
  readonly error: HawserError
}

const inFlightMax = 16

/**
 * Does the step for each item, a few at a time and begun in order. Returns those that failed by themselves; throws,
 * after all that was begun is settled, what would fail for every other one too: the connection, the store, our owner
 * number, the source of the items.
 */
export async function forEach<T>(
  items: Iterable<T> | AsyncIterable<T>,
  step: (item: T) => Promise<void>,
  inFlight: number = inFlightMax,
): Promise<Failed<T>[]> {
  const source = inTurn(items)
  const failed: Failed<T>[] = []
  const general: HawserError[] = []
  const worker = async (): Promise<void> => {
    while (general.length === 0) {
      const next = await source.next().catch((error: unknown) => {
        general.push(stepError(error))
        return { done: true as const, value: undefined }
      })
      if (next.done === true) return
      try {
        await step(next.value)
      } catch (error) {
        const known = stepError(error)
        if (isGeneral(known)) general.push(known)
        else failed.push({ item: next.value, error: known })
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  await source.return(undefined)
  const [first] = general
  if (first !== undefined) throw first
  return failed
}

async function* inTurn<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, undefined> {
  yield* items
  return undefined
}

function stepError(error: unknown): HawserError {
  return asHawserError(error, "ENGINE_FAILED", "A step of the engine failed.")
}

/** Not the fault of the one job at which it showed. */
function isGeneral(error: HawserError): boolean {
  if (error instanceof SchedulerError || error instanceof UsageError) return false
  return (
    error instanceof TransportError ||
    error.class === "gone" ||
    (error instanceof StoreError && error.code !== "EVENT_REFUSED") ||
    ["HOME_MISSING", "CLOSING", "ENGINE_FAILED"].includes(error.code)
  )
}

/** Appends the groups as one. An event that is refused is a bug of ours: it is reported, and keeps only its own group back. */
export async function appendAll(desk: Desk, groups: readonly (readonly AnyEventBody[])[]): Promise<void> {
  const full = groups.filter((group) => group.length > 0)
  if (full.length === 0) return
  try {
    await desk.store.append(full.flat())
  } catch (error) {
    if (!isRefused(error) || full.length === 1) throw error
    for (const group of full) {
      await desk.store.append(group).catch((one: unknown) => {
        if (!isRefused(one)) throw one
        desk.log.error({ executor: desk.name, events: group, reason: one.reason }, "an event was refused")
      })
    }
  }
}

function isRefused(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === "EVENT_REFUSED"
}

export function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

/** Why these jobs do not move, where people look for it. */
export function reasons<T>(
  failed: readonly Failed<T>[],
  jobOf: (item: T) => { readonly id: string },
): Map<string, string> {
  return new Map(
    failed.map(({ item, error }) => [
      jobOf(item).id,
      [error.summary, error.reason].filter((line) => line !== undefined).join(" "),
    ]),
  )
}
