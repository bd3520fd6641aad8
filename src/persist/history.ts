/** History: the events that the journal still has. What a snapshot stands for is removed after a while. */
import { StoreError } from "../errors.ts"
import type { AnyEvent } from "../job/index.ts"
import type { Files } from "./files.ts"
import { decodeLines } from "./line.ts"
import { type Covered, pathOf, recordOf } from "./segment.ts"

/**
 * Those from number `fromSeq` on, in order, of the segments that count (`covers`, oldest first). Throws `EVENTS_FORGOTTEN`,
 * which names the oldest that there is, when the first of them is gone.
 */
export async function readEvents(
  files: Files,
  directory: string,
  covers: readonly Covered[],
  fromSeq: number,
): Promise<readonly AnyEvent[]> {
  const events: AnyEvent[] = []
  let oldest: number | null = null
  let last = 0
  for (const segment of covers) {
    const bytes = await files.read(pathOf(directory, segment))
    for (const { value } of decodeLines(bytes.subarray(0, Math.min(bytes.length, segment.bytes)))) {
      const record = recordOf(value)
      // As the replay has it: a number that comes again does not count.
      if (record === null || !("event" in record) || record.event.seq <= last) continue
      last = record.event.seq
      oldest ??= last
      if (last >= fromSeq) events.push(record.event)
    }
  }
  if (oldest !== null && fromSeq < oldest) throw forgotten(fromSeq, oldest)
  return events
}

function forgotten(fromSeq: number, oldest: number): StoreError {
  return new StoreError("EVENTS_FORGOTTEN", {
    summary: `Event ${fromSeq} is not in the journal any more.`,
    reason: `The oldest that it has is ${oldest}; a snapshot stands for what came before.`,
    advice: `Listen from ${oldest} on, and list the jobs for what was before.`,
  })
}
