/** The searches that answer for absence: history of what left the queue, and the complete look. */
import type { Command } from "../../command.ts"
import type { Listing, Native } from "../scheduler.ts"
import { accountingById, accountingByName, accountingSince } from "./accounting.ts"
import { idOf } from "./clusters.ts"
import { queueById, queueByName } from "./queue.ts"

/** One word of an argv may hold 128 KiB: 500 names of 120 bytes stay below it. */
const batchSize = 500

export function history(natives: readonly Native[], since: number): Command<Listing> {
  const ids = idsOf(natives)
  const byId = ids.length === natives.length && ids.length <= batchSize && ids.length > 0
  return byId ? accountingById(natives, ids) : accountingSince(natives, since)
}

/** By name and by id, in the queue and in accounting: sacct by name misses what never became eligible. (PROTOCOL 20) */
export function look(natives: readonly Native[], since: number): readonly Command<Listing>[] {
  return batches(natives).flatMap((batch) => {
    const ids = idsOf(batch)
    const byId = ids.length === 0 ? [] : [queueById(batch, ids), accountingById(batch, ids)]
    return [queueByName(batch), accountingByName(batch, since), ...byId]
  })
}

function idsOf(natives: readonly Native[]): string[] {
  return natives.flatMap((native) => (native.nativeId === null ? [] : [idOf(native.nativeId)]))
}

function batches(natives: readonly Native[]): Native[][] {
  const count = Math.ceil(natives.length / batchSize)
  return Array.from({ length: count }, (_, index) => natives.slice(index * batchSize, (index + 1) * batchSize))
}
