/** Together: submissions that wait for their way to the manager's host travel as one command, which costs it less. */
import type { Place, SubmitReply } from "../remote/layout.ts"
import { type SubmitTry, type Told, submitSome } from "../remote/submit.ts"
import type { Session } from "../transport/session.ts"

/** Under way at a time: one at work in each of the shells for effects, the others on the line, before and behind it. */
const commandsMax = 9
/** In one command: few, for none of them is written down before the last one has its answer. */
const perCommandMax = 4

export type Reply<T> = SubmitReply<T> | { readonly status: "held" }

export class Together<T> {
  private readonly session: Session
  private readonly place: Place
  private readonly signal: AbortSignal
  private waiting: Waiting<T>[] = []
  private underWay = 0
  private isFilling = false

  constructor(session: Session, place: Place, signal: AbortSignal) {
    this.session = session
    this.place = place
    this.signal = signal
  }

  /** `held`: it was not touched, because one that went with it was not taken. Rejects as it would by itself. */
  submit(one: SubmitTry<T>): Promise<Reply<T>> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ one, resolve, reject })
      this.fill()
    })
  }

  /** After those that ask in the same moment. */
  private fill(): void {
    if (this.isFilling) return
    this.isFilling = true
    queueMicrotask(() => {
      this.isFilling = false
      while (this.underWay < commandsMax && this.waiting.length > 0) {
        const share = Math.ceil(this.waiting.length / (commandsMax - this.underWay))
        void this.send(this.waiting.splice(0, Math.min(perCommandMax, share)))
      }
    })
  }

  private async send(some: readonly Waiting<T>[]): Promise<void> {
    this.underWay += 1
    try {
      const command = submitSome(
        this.place,
        some.map(({ one }) => one),
      )
      const replies = await this.session.act(command, this.signal)
      for (const [index, { resolve, reject }] of some.entries()) settle(replies[index], resolve, reject)
    } catch (error) {
      for (const { reject } of some) reject(error)
    } finally {
      this.underWay -= 1
      this.fill()
    }
  }
}

interface Waiting<T> {
  readonly one: SubmitTry<T>
  readonly resolve: (reply: Reply<T>) => void
  readonly reject: (error: unknown) => void
}

function settle<T>(
  told: Told<T> | undefined,
  resolve: (reply: Reply<T>) => void,
  reject: (error: unknown) => void,
): void {
  if (told === undefined) throw new Error("A submission was not told of.")
  if (told.status === "failed") reject(told.error)
  else resolve(told)
}
