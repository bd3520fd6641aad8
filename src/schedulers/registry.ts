/** The dialects that Hawser speaks: one line each. */
import { UsageError } from "../errors.ts"
import { flux } from "./flux/index.ts"
import { htcondor } from "./htcondor/index.ts"
import { lsf } from "./lsf/index.ts"
import { oar } from "./oar/index.ts"
import { pbs } from "./pbs/index.ts"
import { mpi } from "./mpi.ts"
import { process } from "./process.ts"
import type { Scheduler } from "./scheduler.ts"
import { sge } from "./sge/index.ts"
import { slurm } from "./slurm/index.ts"
import { torque } from "./torque/index.ts"

export const schedulers: Readonly<Record<string, Scheduler>> = {
  flux,
  htcondor,
  lsf,
  oar,
  pbs,
  process,
  mpi,
  slurm,
  sge,
  torque,
}

/** The dialect of that name. Throws `SCHEDULER_UNKNOWN` with the names that there are. */
export function schedulerNamed(name: string, among: Readonly<Record<string, Scheduler>> = schedulers): Scheduler {
  const found = Object.hasOwn(among, name) ? among[name] : undefined
  if (found !== undefined) return found
  throw new UsageError("SCHEDULER_UNKNOWN", {
    summary: `There is no scheduler called "${name}".`,
    advice: `Use one of: ${Object.keys(among).join(", ")}.`,
  })
}
