/** A manager that a test can play with: a fake one, or a real one of its own. */
import type { Clock } from "../../src/clock.ts"
import type { Command } from "../../src/command.ts"
import type { Transport } from "../../src/transport/transport.ts"

export type SubmitFault = "down" | "limit" | "rejected" | "lost-before" | "lost-after" | "double"
/** `empty`: nothing at all, and exit code 0. `cut`: the beginning of an answer. `noise`: lines around it. */
export type ListFault = "down" | "empty" | "cut" | "noise"

/** Why the manager ends a native. */
export type Why = "cancelled" | "timeout" | "out-of-memory" | "preempted" | "node-failure" | "launch"

export interface TameNative {
  readonly id: string
  readonly name: string
  /** queued, held, running, suspended or ended. */
  readonly state: string
  readonly code: string | null
  readonly why: string | null
}

export interface TameManager {
  /** Shells that find the manager's commands. */
  transport(clock: Clock): Transport
  /** What a command of a dialect comes to, without an engine. */
  carryOut<T>(command: Command<T>): T

  /** What goes wrong with the next command of a kind, or with all until `null` is said. */
  fault(verb: "submit", kind: SubmitFault | null, often?: "once" | "always"): void
  fault(verb: "list" | "history", kind: ListFault | null, often?: "once" | "always"): void
  fault(verb: "cancel", kind: "down" | null, often?: "once" | "always"): void
  /** Everything fails as where the manager can't be reached, until `isDown` is false. */
  down(isDown: boolean): void
  /** Natives stay queued from now on. */
  pause(): void
  /** Natives that were queued start, and all later ones. */
  unpause(): void
  /** Nodes do not see the job directory. */
  blind(): void
  /** Of those that have ended nothing is told, as long as it lags. */
  lag(isLate: boolean): void
  suspend(id: string): void
  resume(id: string): void
  /** Where an end has to be arranged before: what is submitted from now on is one that `end` may end so. */
  foresee?(why: Why, signal?: "TERM" | "KILL"): void
  /** Ends a native that runs, for a reason of its own. */
  end(id: string, why: Why, signal?: "TERM" | "KILL"): void
  /** KILL to all processes of a native, past the manager. */
  kill(id: string): void
  /** A native that is in the queue no more and in no history: what runs of it goes on. */
  forget(id: string): void | Promise<void>
  /** Somebody else's job, which sleeps; the manager calls it `id`, if it lets itself be told. */
  stranger(id: string): void
  /** The manager says this of it and not its own word; null: its own again. */
  says(id: string, word: string | null): void
  /** The next native gets this id, or one behind it. */
  next(id: string): void | Promise<void>

  natives(): TameNative[]
  /** How often something of this kind was asked for. */
  calls(verb: string): number
}
