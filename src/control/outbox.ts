/** What a client has been sent and has not read yet: bounded, and split where a message would be too long. */
import { once } from "node:events"
import type { Socket } from "node:net"
import type { Clock } from "../clock.ts"
import { HawserError } from "../errors.ts"
import { toPlain } from "./plain.ts"
import { errorLine, notificationLine, resultLine, rpcCodes } from "./protocol.ts"

export interface OutboxLimits {
  readonly messageBytesMax: number
  /** A client that leaves more than this unread is dropped. A busy moment may hold many messages. */
  readonly unreadBytesMax: number
}

/** One that has stopped reading is dropped at less: after this time, with this much. */
const stalledMsMax = 10_000
const stalledBytesMax = 8 * 1024 * 1024

/** Items of an array in one message. */
const partItemsMax = 500
/** A long answer waits here for its reader. */
const partUnreadBytesMax = 1024 * 1024
/** How long a dropped client has for reading why. */
const farewellMs = 5_000

export class Outbox {
  private readonly socket: Socket
  private readonly clock: Clock
  private readonly limits: OutboxLimits
  private readonly onDrop: (why: HawserError) => void
  private dropped = false
  /** Bytes; what is read is what has left this process. */
  private sent = 0
  private read = 0
  private readAt: number

  /** `onDrop` hears why, once; there is no use in working for this client any more. */
  constructor(socket: Socket, clock: Clock, limits: OutboxLimits, onDrop: (why: HawserError) => void) {
    this.onDrop = onDrop
    this.socket = socket
    this.clock = clock
    this.limits = limits
    this.readAt = clock.monotonic()
  }

  get isDropped(): boolean {
    return this.dropped
  }

  send(line: string): void {
    if (this.dropped || !this.socket.writable) return
    const unread = this.socket.writableLength
    const read = this.sent - unread
    if (read > this.read || unread === 0) {
      this.read = read
      this.readAt = this.clock.monotonic()
    }
    const isStalled = unread > stalledBytesMax && this.clock.monotonic() - this.readAt > stalledMsMax
    if (isStalled || unread > this.limits.unreadBytesMax) return this.drop(tooSlow())
    const bytes = Buffer.from(line)
    this.sent += bytes.length
    this.socket.write(bytes)
  }

  /** Answers a request. An array may go in parts, each when the ones before it have been read. */
  async answer(id: number, result: unknown): Promise<void> {
    const items: readonly unknown[] | null = Array.isArray(result) ? result : null
    const whole = items === null || items.length <= partItemsMax ? this.fitting(() => resultLine(id, result)) : null
    if (whole !== null) return this.send(whole)
    if (items === null) return this.send(tooLarge(id))
    for (const line of this.split(items, (part) => notificationLine("$/part", { id, items: part }))) {
      if (line === null) return this.send(tooLarge(id))
      this.send(line)
      while (this.socket.writable && !this.dropped && this.socket.writableLength > partUnreadBytesMax) {
        await Promise.race([once(this.socket, "drain"), once(this.socket, "close")])
      }
    }
    this.send(resultLine(id, []))
  }

  /** Sends what of the items fits into a message; a single one that is too large is left out. */
  notify<T>(items: readonly T[], render: (part: readonly T[]) => string): void {
    for (const line of this.split(items, render)) if (line !== null) this.send(line)
  }

  /** Says why, and closes: nothing more is sent. */
  drop(why: HawserError): void {
    if (this.dropped) return
    this.dropped = true
    this.onDrop(why)
    this.socket.end(notificationLine("bye", { error: toPlain(why) }))
    const gone = new AbortController()
    this.socket.once("close", () => gone.abort())
    this.clock.sleep(farewellMs, gone.signal).then(
      () => this.socket.destroy(),
      () => undefined,
    )
  }

  private *split<T>(items: readonly T[], render: (part: readonly T[]) => string): Iterable<string | null> {
    for (let start = 0; start < items.length; start += partItemsMax) {
      yield* this.halves(items.slice(start, start + partItemsMax), render)
    }
  }

  private *halves<T>(items: readonly T[], render: (part: readonly T[]) => string): Iterable<string | null> {
    const line = this.fitting(() => render(items))
    if (line !== null || items.length <= 1) return yield line
    const middle = items.length >> 1
    yield* this.halves(items.slice(0, middle), render)
    yield* this.halves(items.slice(middle), render)
  }

  private fitting(render: () => string): string | null {
    try {
      const line = render()
      return Buffer.byteLength(line) <= this.limits.messageBytesMax ? line : null
    } catch (error) {
      // V8 has no strings above half a gigabyte.
      if (error instanceof RangeError) return null
      throw error
    }
  }
}

function tooSlow(): HawserError {
  return new HawserError("CLIENT_TOO_SLOW", {
    summary: "The controller closed the connection.",
    reason: "This program did not read what it was sent, and it was more than the controller keeps for it.",
    advice: "Connect again, and read events as they come.",
    class: "transient",
  })
}

function tooLarge(id: number): string {
  const error = new HawserError("MESSAGE_TOO_LARGE", {
    summary: "The answer is too large for the control socket.",
    advice: "Ask for less: a filter, a name, or fewer bytes.",
  })
  return errorLine(id, { code: rpcCodes.failed, message: error.summary, data: toPlain(error) })
}
