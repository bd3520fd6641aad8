/** Faults: the trouble of one world, asked for at each thing that can go wrong. */
import { TransportError } from "../errors.ts"
import type { ClusterFaults } from "./cluster.ts"
import type { Dice } from "./dice.ts"
import type { Cut } from "./network.ts"
import type { Native } from "./slurm.ts"
import type { Timeline } from "./timeline.ts"
import { type Trouble, isWithin } from "./trouble.ts"

export class Faults implements ClusterFaults {
  readonly #trouble: Trouble
  readonly #timeline: Timeline
  readonly #dice: Dice
  #verbs = 0
  #diskCalls = 0
  #stale: readonly Native[] = []

  constructor(trouble: Trouble, timeline: Timeline, dice: Dice) {
    this.#trouble = trouble
    this.#timeline = timeline
    this.#dice = dice
  }

  /** Something may still go wrong by chance. */
  get #isOn(): boolean {
    return this.#timeline.now < this.#trouble.untilMs
  }

  #is(chance: number): boolean {
    return chance > 0 && this.#isOn && this.#dice.chance(chance)
  }

  /** What squeue shows while its list is stale. */
  freezeList(natives: readonly Native[]): void {
    this.#stale = natives.map((native) => ({ ...native }))
  }

  refuses(): TransportError | null {
    const { now } = this.#timeline
    if (isWithin(this.#trouble.loginsRefused, now))
      return new TransportError("LOGIN_REFUSED", { summary: "The login was refused.", class: "auth" })
    if (isWithin(this.#trouble.outages, now))
      return new TransportError("CONNECTION_REFUSED", { summary: "It refused the connection.", class: "transient" })
    return null
  }

  cut(argv: readonly string[]): Cut | null {
    const { cutAt, cutChance } = this.#trouble
    if (argv[0] === cutAt?.verb) {
      this.#verbs += 1
      if (this.#verbs === cutAt?.number) return cutAt.when
    }
    return this.#is(cutChance) ? this.#dice.pick(["before", "during", "after"]) : null
  }

  latencyMs(): number {
    return this.#is(this.#trouble.slowChance) ? this.#dice.between(1_000, 60_000) : this.#dice.between(1, 20)
  }

  straggleMs(): number | null {
    if (!this.#dice.chance(0.5)) return null
    return this.#dice.chance(0.8) ? this.#dice.between(0, 2_000) : this.#dice.between(0, 90_000)
  }

  arrived(bytes: number): number {
    return this.#dice.whole(0, bytes)
  }

  lie(program: "squeue" | "sacct"): "empty" | "partial" | "stale" | null {
    const { now } = this.#timeline
    return this.#trouble.lies.find((lie) => lie.program === program && isWithin([lie], now))?.kind ?? null
  }

  timesOut(): boolean {
    return this.#is(this.#trouble.timeOutChance)
  }

  hangs(): boolean {
    return this.#is(this.#trouble.hangChance)
  }

  staleNatives(): readonly Native[] {
    return this.#stale
  }

  seesHome(): boolean {
    return !this.#is(this.#trouble.blindNodeChance)
  }

  get isApart(): boolean {
    return this.#trouble.apart
  }

  lagMs(): number {
    const { lagMsMax } = this.#trouble
    return lagMsMax === 0 ? 0 : this.#dice.between(0, lagMsMax)
  }

  /** The code of the error with which a call of the controller's own disk fails. */
  diskFault(what: string): string | null {
    const { diskFull, diskErrorChance, diskErrorAt } = this.#trouble
    this.#diskCalls += 1
    if (this.#diskCalls === diskErrorAt) return "EIO"
    if ((what === "write" || what === "create") && isWithin(diskFull, this.#timeline.now)) return "ENOSPC"
    return this.#is(diskErrorChance) ? "EIO" : null
  }
}
