/** Streams: bytes to our stdout and stderr, no faster than they are taken. */
import { once } from "node:events"
import type { Writable } from "node:stream"

export async function write(stream: Writable, data: Buffer): Promise<void> {
  if (!stream.write(data)) await once(stream, "drain")
}
