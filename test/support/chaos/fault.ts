/** A fault: what is broken, when and for how long, and what may come of it, as data. */
import type { Dice } from "../../../src/testing/dice.ts"
import type { Study } from "../cli.ts"
import type { DelayingProxy } from "../delaying-proxy.ts"
import type { Rig } from "../rig.ts"

export interface Fault {
  readonly name: string
  /** What is done, in one line. */
  readonly title: string
  /** How many rounds the long form has of it. */
  readonly rounds: number
  /** How many jobs a round has in the short form, or why it is not in it. */
  readonly short: number | string
  /** How many jobs a round has, where the fault needs another number than was asked for. */
  readonly jobs?: number
  /** The controller reaches the rig through a proxy. */
  readonly isProxied?: boolean
  /** What must be there before the first job is submitted. */
  readonly prepare?: (place: Place) => Promise<Setting>
  /** What differs of job number `index` from one that leaves its trace and ends. `body`: further lines of its script. */
  readonly job?: (index: number) => JobDifference
  /** Breaks something at a moment of its choice, and mends it. It must say what it did (`scene.strike`). */
  readonly strike: (scene: Scene) => Promise<void>
  readonly expected: Expected
}

/** What may come of a round. Everything else is a violation. */
export interface Expected {
  /** How a job may end: `completed`, `failed/preempted`. Default: `completed` alone. */
  readonly ends?: readonly string[] | ((index: number) => readonly string[])
  /** Ends that at least one job must have, or the fault did not do what it says. */
  readonly some?: readonly string[]
  /** What may be recorded as the manager's health. `up` always may. */
  readonly healths: readonly string[]
  /** Attempts that a job may have, replacements not counted. Default: 1. */
  readonly attempts?: number
  /** How often the manager may start a native again: its payload runs once in each start. Default: 0. */
  readonly restarts?: number
  /** Connections that each strike may cost, where a proxy counts them; and there is one at a time. Default: any number. */
  readonly connectionsPerStrike?: number
  /**
   * `exact`: accounting has one completed native for each completed job. `forgetful`: at most one, since the manager has
   * lost what it knew.
   */
  readonly accounting?: "exact" | "forgetful"
}

export interface JobDifference {
  readonly body?: string
  readonly spec?: Readonly<Record<string, unknown>>
}

export interface Place {
  readonly target: Rig
  /** The folder of the round: its hawser.yaml will stand there. */
  readonly folder: string
  readonly dice: Dice
  readonly jobs: number
}

export interface Setting {
  /** Further lines of the executor. */
  readonly executor?: readonly string[]
  /** Of every `hawser` that is typed, and so of the controller. */
  readonly env?: Readonly<Record<string, string>>
  /** Undoes what was prepared. */
  readonly undo?: () => Promise<void>
}

/** What a fault sees of its round. */
export interface Scene extends Place {
  readonly work: Study
  readonly proxy: DelayingProxy | null
  /** Someone wants to stop. */
  readonly signal: AbortSignal
  readonly setting: Setting
  readonly round: number
  /** All submissions are accepted, or wait for a reason that was told. */
  isSubmitted(): boolean
  /** All jobs are over. */
  isOver(): boolean
  /** A random moment, mostly in the middle of the submissions: see `moment.ts`. */
  moment(): Promise<void>
  /** Such a moment, or, four times in ten, one in which a random number of jobs has been seen running or is over. */
  anyStage(): Promise<void>
  /** Until so many jobs have been seen running or are over. */
  running(count: number): Promise<void>
  pause(ms: number): Promise<void>
  /** Writes down what was done, and what the state directory had recorded last. */
  strike(what: string): Promise<void>
}
