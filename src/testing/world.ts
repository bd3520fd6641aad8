/** The world as its users and its schedule see it. */
import type { Fleet } from "../executors/fleet.ts"
import type { Cluster } from "./cluster.ts"
import type { Dice } from "./dice.ts"
import type { Disk } from "./disk.ts"
import type { Faults } from "./faults.ts"
import type { Life } from "./life.ts"
import type { Scenario } from "./scenario.ts"
import type { Timeline } from "./timeline.ts"
import type { Trouble } from "./trouble.ts"
import type { Realm } from "./testimony.ts"
import type { Witness } from "./witness.ts"

/** One controller, its disk and what is known of it. */
export interface Controller {
  readonly life: Life
  readonly realm: Realm
  readonly disk: Disk
  readonly fleet: Fleet
}

export interface World {
  readonly timeline: Timeline
  readonly trouble: Trouble
  readonly scenario: Scenario
  readonly witness: Witness
  readonly cluster: Cluster
  readonly faults: Faults
  readonly dice: Dice
  /** In the order of their starts; the last one is whom users talk to. */
  readonly controllers: readonly Controller[]
  /** A second controller takes the directory, while the first one goes on or stands still for a while. */
  takeOver(freezeMs: number): void
  /**
   * A second controller on a copy of the directory. Unless both go on, the first one is ended. What is returned gives the
   * copy up for the original.
   */
  copy(goesOn: boolean): () => void
  jumpWallClocks(ms: number): void
}
