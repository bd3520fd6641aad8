/** The table of faults. One that is added here is in the long form, in the short one, and in docs/chaos.md. */
import type { Fault } from "../fault.ts"
import { clockSkewed } from "./clocks.ts"
import { connectionCut, connectionFrozen, connectionHalfOpen, sessionKilled, sshdRestarted } from "./connection.ts"
import { controllerKilled, failpoints } from "./controller.ts"
import { mariadbStopped, mungedStopped, slurmdbdStopped } from "./daemons.ts"
import { diskFull, diskReadOnly } from "./disks.ts"
import { accountLimit, maxJobCount, qosLimit } from "./limits.ts"
import { nodeKilled, preemptedCancel, preemptedRequeue, requeued } from "./nodes.ts"
import { slurmctldDown } from "./outage.ts"
import {
  slurmctldCold,
  slurmctldFrozen,
  slurmctldKilled,
  slurmctldKilledAfterAccepting,
  slurmctldRestarted,
} from "./slurmctld.ts"

/** The twin of all others: nothing goes wrong. */
const nothing: Fault = {
  name: "nothing",
  title: "nothing goes wrong",
  rounds: 5,
  short: 10,
  isProxied: true,
  strike: (scene) => scene.strike("nothing"),
  expected: { healths: [], connectionsPerStrike: 0 },
}

export const faults: readonly Fault[] = [
  nothing,
  controllerKilled,
  ...failpoints,
  connectionCut,
  connectionFrozen,
  connectionHalfOpen,
  sessionKilled,
  sshdRestarted,
  slurmctldFrozen,
  slurmctldKilled,
  slurmctldKilledAfterAccepting,
  slurmctldRestarted,
  slurmctldCold,
  slurmctldDown,
  slurmdbdStopped,
  mariadbStopped,
  mungedStopped,
  nodeKilled,
  preemptedCancel,
  preemptedRequeue,
  requeued,
  accountLimit,
  qosLimit,
  maxJobCount,
  diskFull,
  diskReadOnly,
  clockSkewed,
]
