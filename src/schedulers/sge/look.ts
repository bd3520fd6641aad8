/** The searches that answer for absence: history of what left the queue, and the complete look. */
import type { Command } from "../../command.ts"
import type { Listing, Native } from "../scheduler.ts"
import { accounting } from "./accounting.ts"
import { queue } from "./queue.ts"

export function history(natives: readonly Native[], since: number): Command<Listing> {
  return accounting(natives, since)
}

/**
 * By name alone, in the queue and in accounting: the name carries the token, both print it whole, and a record without a
 * token of ours would be a stranger's, whatever its id.
 */
export function look(natives: readonly Native[], since: number): readonly Command<Listing>[] {
  return natives.length === 0 ? [] : [queue(natives), accounting(natives, since)]
}
