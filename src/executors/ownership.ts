/** Ownership: the number under which a controller acts over there, and how long an earlier owner might go on. (PROTOCOL 26) */
import type { Clock } from "../clock.ts"
import type { Command } from "../command.ts"
import { HawserError } from "../errors.ts"
import type { JobStore } from "../persist/store.ts"
import { type HostFacts, homeName } from "../remote/layout.ts"
import { hello, takeOwner } from "../remote/verbs.ts"
import type { Session } from "../transport/session.ts"

/** So long may the host of an older shell not see a number that was taken on another one. (acdirmax, nfs(5)) */
export const directoryCacheMs = 60_000

export const quietText =
  "The owner before this one is not known to have ended: nothing is done over there until it must have seen that it was replaced."

/** An effect that comes too early: asking goes on meanwhile. */
export class QuietError extends HawserError {
  readonly waitMs: number

  constructor(waitMs: number) {
    super("OWNER_NOT_SETTLED", { summary: quietText, class: "transient" })
    this.waitMs = waitMs
  }
}

export interface OwnershipParts {
  readonly executor: string
  readonly root: string
  readonly store: JobStore
  readonly clock: Clock
}

/** The first question of a session: where its place is, and who acts there. */
export function greeting({ executor, root, store }: Omit<OwnershipParts, "clock">): Command<HostFacts> {
  return hello(root, homeName(store.identity.stateId, executor))
}

/**
 * Of one controller and one executor. All its sessions sign with one text, which is on disk before a number is taken
 * with it: so a successor that knows this controller to be dead, as the store does, knows its numbers for dead ones.
 */
export class Ownership {
  private readonly parts: OwnershipParts
  private readonly text: string
  private quietUntil = Number.NEGATIVE_INFINITY

  constructor(parts: OwnershipParts) {
    this.parts = parts
    this.text = `epoch:${parts.store.epoch}:${parts.clock.nonce(8)}`
  }

  /** Takes the next number: whoever holds a lower one can do nothing more, once its host has seen it. */
  async take(session: Session, found: HostFacts, signal: AbortSignal): Promise<number> {
    const { clock } = this.parts
    for (let facts = found; ;) {
      const isOwn = facts.holder === this.text
      const isSettled = facts.owner === 0 || this.isSettled(facts.holder)
      await this.record((isOwn || isSettled) && this.quietMs === 0)
      const place = { home: facts.home, owner: facts.owner + 1 }
      const { won } = await session.act(takeOwner(place, this.text), signal)
      if (won && !isOwn && !isSettled) this.quietUntil = clock.monotonic() + directoryCacheMs
      if (won) return place.owner
      facts = await session.ask(greeting(this.parts), signal)
    }
  }

  /** Milliseconds until effects are allowed. */
  get quietMs(): number {
    return Math.max(0, this.quietUntil - this.parts.clock.monotonic())
  }

  /** Once the time is over, a successor need not wait for whom we have waited. */
  async settle(): Promise<void> {
    if (this.quietMs === 0) await this.record(true)
  }

  /** A session whose effects wait until they are allowed. */
  quieted(session: Session): Session {
    const check = (): void => {
      if (this.quietMs > 0) throw new QuietError(this.quietMs)
    }
    return {
      address: session.address,
      closed: session.closed,
      ask: (command, signal) => session.ask(command, signal),
      receive: (command, sink, signal) => session.receive(command, sink, signal),
      act: async (command, signal) => {
        check()
        return session.act(command, signal)
      },
      send: async (command, source, signal) => {
        check()
        return session.send(command, source, signal)
      },
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    }
  }

  private isSettled(text: string | null): boolean {
    return this.owners.some((owner) => owner.text === text && owner.settled)
  }

  private get owners(): readonly { readonly text: string; readonly settled: boolean }[] {
    return this.parts.store.managers.get(this.parts.executor)?.owners ?? []
  }

  private async record(settled: boolean): Promise<void> {
    const { executor, store } = this.parts
    if (this.owners.some((owner) => owner.text === this.text && owner.settled === settled)) return
    await store.append([{ executor, type: "owner", text: this.text, settled }])
  }
}
