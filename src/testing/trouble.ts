/** Trouble: what goes wrong in one world, drawn from its seed. Each seed has a few kinds of it and not the others. */
import type { Dice } from "./dice.ts"
import type { Cut } from "./network.ts"

/** A span of the timeline, ms. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** When a controller dies: at the `number`-th of its steps whose name contains `what`. */
export interface Kill {
  readonly what: string
  readonly number: number
  readonly when: "before" | "after"
  /** The power fails: what was not synced may be gone. */
  readonly power: boolean
  /** Until the next controller is started. */
  readonly pauseMs: number
}

export interface Trouble {
  /** From then on nothing goes wrong by chance, and all is well once the spans below are over. */
  readonly untilMs: number
  /** One for each controller that dies; the next one lives on. */
  readonly kills: readonly Kill[]
  /** Per command. */
  readonly cutChance: number
  /** The n-th command whose verb this is. */
  readonly cutAt: { readonly verb: string; readonly number: number; readonly when: Cut } | null
  readonly outages: readonly Span[]
  readonly loginsRefused: readonly Span[]
  readonly slowChance: number
  readonly controllerDown: readonly Span[]
  readonly controllerFrozen: readonly Span[]
  /** slurmctld is killed and starts anew. */
  readonly crashes: readonly { readonly at: number; readonly lossMs: number; readonly downMs: number }[]
  readonly coldStarts: readonly number[]
  readonly accountingDown: readonly Span[]
  readonly lies: readonly (Span & {
    readonly program: "squeue" | "sacct"
    readonly kind: "empty" | "partial" | "stale"
  })[]
  readonly timeOutChance: number
  readonly hangChance: number
  readonly diskFull: readonly Span[]
  readonly diskErrorChance: number
  /** The n-th call of a controller's disk fails. */
  readonly diskErrorAt: number | null
  readonly remoteFull: readonly Span[]
  readonly nodeFailures: readonly { readonly at: number; readonly dies: boolean }[]
  /** When somebody with more right needs the nodes of a job. */
  readonly preemptions: readonly number[]
  readonly requeues: boolean
  readonly blindNodeChance: number
  /** Nodes have a file system of their own: they see what was staged, nothing that is made later, and nobody sees theirs. */
  readonly apart: boolean
  readonly lagMsMax: number
  readonly wallJumps: readonly { readonly at: number; readonly ms: number }[]
  readonly freezes: readonly { readonly at: number; readonly ms: number; readonly suspended: boolean }[]
  /** A second controller takes the state directory over while the first one stands still or goes on. */
  readonly takeOvers: readonly { readonly at: number; readonly freezeMs: number }[]
  /**
   * The state directory is copied, and a second controller is started on the copy. `backMs`: the first one was ended before,
   * and so long after that the one of the copy is ended, for good, and the original goes on. Null: both go on.
   */
  readonly copies: readonly { readonly at: number; readonly backMs: number | null }[]
  readonly cancelledByOthers: readonly number[]
  readonly strangers: readonly number[]
  readonly submitMax: number
  /** The user's own limits: no trouble, but what they promise must hold in all of it. Null: none. */
  readonly maxQueued: number | null
  readonly maxSubmitPerMinute: number | null
  readonly accountingLagMsMax: number
  readonly minJobAgeMs: number
}

export const noTrouble: Trouble = {
  untilMs: 0,
  kills: [],
  cutChance: 0,
  cutAt: null,
  outages: [],
  loginsRefused: [],
  slowChance: 0,
  controllerDown: [],
  controllerFrozen: [],
  crashes: [],
  coldStarts: [],
  accountingDown: [],
  lies: [],
  timeOutChance: 0,
  hangChance: 0,
  diskFull: [],
  diskErrorChance: 0,
  diskErrorAt: null,
  remoteFull: [],
  nodeFailures: [],
  preemptions: [],
  requeues: false,
  blindNodeChance: 0,
  apart: false,
  lagMsMax: 0,
  wallJumps: [],
  freezes: [],
  takeOvers: [],
  copies: [],
  cancelledByOthers: [],
  strangers: [],
  submitMax: 1_000,
  maxQueued: null,
  maxSubmitPerMinute: null,
  accountingLagMsMax: 2_000,
  minJobAgeMs: 300_000,
}

/** Steps at which a death is worth trying. */
const killPoints = [
  "",
  "",
  "disk write",
  "disk sync",
  "disk",
  "hz_submit",
  "hz_stage",
  "hz_fence",
  "hz_own",
  "hz_effect",
  "connect",
] as const
const verbs = ["hz_submit", "hz_stage", "hz_fence", "hz_own", "hz_effect", "hz_records", "env", "hz_collect"] as const

export function drawTrouble(dice: Dice): Trouble {
  const untilMs = dice.pick([60_000, 120_000, 240_000, 600_000])
  const span = (maxMs: number): Span => {
    const from = dice.between(0, untilMs)
    return { from, to: from + dice.between(1_000, maxMs) }
  }
  const some = <T>(chance: number, most: number, draw: () => T): T[] =>
    dice.chance(chance) ? Array.from({ length: dice.whole(1, most) }, draw) : []
  const moment = (): number => dice.between(0, untilMs)
  const when = (): "before" | "after" => dice.pick(["before", "after"])
  /** Mostly a minute, sometimes hours. */
  const away = (): Span => span(dice.chance(0.1) ? 6 * 3_600_000 : 60_000)
  const trouble: Trouble = {
    untilMs,
    kills: some(0.5, 3, () => {
      const what = dice.pick(killPoints)
      const number = dice.whole(1, what === "" ? 200 : what.startsWith("disk") ? 60 : 6)
      return { what, number, when: when(), power: dice.chance(0.5), pauseMs: dice.between(100, 30_000) }
    }),
    cutChance: dice.chance(0.3) ? dice.pick([0.01, 0.03, 0.1]) : 0,
    cutAt: dice.chance(0.4)
      ? { verb: dice.pick(verbs), number: dice.whole(1, 6), when: dice.pick(["before", "during", "after"]) }
      : null,
    outages: some(0.2, 2, away),
    loginsRefused: some(0.05, 1, () => span(60_000)),
    slowChance: dice.chance(0.2) ? 0.05 : 0,
    controllerDown: some(0.15, 2, away),
    controllerFrozen: some(0.2, 2, () => span(40_000)),
    crashes: some(0.25, 2, () => ({
      at: moment(),
      // What it had not saved yet; sometimes it is given an older copy of its state.
      lossMs: dice.chance(0.8) ? dice.between(200, 6_000) : dice.between(6_000, 60_000),
      downMs: dice.between(500, 20_000),
    })),
    coldStarts: some(0.06, 1, moment),
    accountingDown: some(0.15, 1, () => span(120_000)),
    lies: some(0.25, 2, () => ({
      ...span(dice.chance(0.2) ? 200_000 : 40_000),
      program: dice.pick(["squeue", "squeue", "sacct"]),
      kind: dice.pick(["empty", "empty", "partial", "stale"]),
    })),
    timeOutChance: dice.chance(0.3) ? dice.pick([0.1, 0.4]) : 0,
    hangChance: dice.chance(0.1) ? 0.01 : 0,
    diskFull: some(0.12, 1, () => span(40_000)),
    diskErrorChance: dice.chance(0.1) ? 0.01 : 0,
    remoteFull: some(0.12, 1, () => span(60_000)),
    nodeFailures: some(0.3, 2, () => ({ at: moment(), dies: dice.chance(0.5) })),
    preemptions: some(0.3, 3, moment),
    requeues: dice.chance(0.4),
    blindNodeChance: dice.chance(0.06) ? 0.3 : 0,
    lagMsMax: dice.chance(0.4) ? dice.pick([500, 5_000, 15_000, 55_000]) : 0,
    wallJumps: some(0.15, 2, () => ({
      at: moment(),
      ms: dice.between(-1, 1) * dice.pick([5_000, 3_600_000, 5 * 86_400_000]),
    })),
    freezes: some(0.15, 2, () => ({ at: moment(), ms: dice.between(1_000, 120_000), suspended: dice.chance(0.5) })),
    takeOvers: some(0.1, 1, () => ({ at: moment(), freezeMs: dice.chance(0.5) ? dice.between(1_000, 60_000) : 0 })),
    copies: some(0.1, 1, () => ({ at: moment(), backMs: dice.chance(0.5) ? dice.between(1_000, 200_000) : null })),
    cancelledByOthers: some(0.1, 1, moment),
    strangers: some(0.3, 3, moment),
    submitMax: dice.chance(0.1) ? dice.whole(1, 3) : 1_000,
    maxQueued: dice.chance(0.1) ? dice.whole(1, 3) : null,
    maxSubmitPerMinute: dice.chance(0.1) ? dice.whole(1, 4) : null,
    accountingLagMsMax: dice.pick([500, 2_000, 30_000]),
    minJobAgeMs: dice.pick([15_000, 60_000, 300_000]),
    diskErrorAt: dice.chance(0.1) ? dice.whole(1, 300) : null,
    apart: dice.chance(0.04),
  }
  // What only one of two copies knows may take the one place for ever.
  return trouble.copies.length > 0 ? { ...trouble, submitMax: 1_000 } : trouble
}

/** When the last of it is over: some of it may last longer than the dice are thrown for. */
export function calmMsOf({ untilMs, outages, loginsRefused, controllerDown, copies }: Trouble): number {
  const backs = copies.map(({ at, backMs }) => at + (backMs ?? 0))
  return Math.max(untilMs, ...[...outages, ...loginsRefused, ...controllerDown].map(({ to }) => to), ...backs)
}

export function isWithin(spans: readonly Span[], now: number): boolean {
  return spans.some(({ from, to }) => from <= now && now < to)
}
