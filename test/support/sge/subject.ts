/** The rig's real Grid Engine as a subject of the contract of executors. */
import { sge } from "../../../src/schedulers/sge/index.ts"
import type { Subject } from "../../executors/contract.ts"
import { gridEngine } from "../gridengine.ts"
import type { Rig } from "../rig.ts"
import type { TameGridEngine } from "./tame.ts"

/** Why it can't be one here; null: it can. */
export const withoutGridEngine: string | null =
  typeof gridEngine === "string"
    ? gridEngine
    : process.getuid?.() === 0
      ? null
      : "nobody but root may run commands as the rig's user"

/** Of looks that are further apart than two sweeps the time between does not count. */
const pace = { sweepMsMin: 3_000, sweepMsMax: 6_000, hintMs: 3_000, askMsMin: 0, gatherMs: 20, killAfterMs: 20_000 }
/** Accounting comes one or two seconds of ours after an end, which is nobody's absence. */
const judgeLimits = { graceMs: 3_000, recordMs: 25_000, wordMs: 25_000, absenceMs: 25_000, absenceLooks: 3 }

/** Each clause has a queue of its own. */
export function realGridEngine(
  Tame: new (folder: string, target: Rig) => TameGridEngine,
  { exceptions = {}, only }: Partial<Pick<Subject, "exceptions" | "only">>,
): Subject {
  return {
    name: "sge",
    // They wait for it, mostly.
    atATime: 8,
    clockFactor: 5,
    exceptions,
    ...(only === undefined ? {} : { only }),
    parts: (stand) => {
      const cluster = new Tame(stand.folder, gridEngine as Rig)
      stand.atEnd.push(() => cluster[Symbol.asyncDispose]())
      const transport = cluster.transport(stand.clock)
      const defaults = { resources: { queue: cluster.queue } }
      return { parts: { scheduler: sge, transport, defaults, pace, judgeLimits }, cluster }
    },
  }
}
