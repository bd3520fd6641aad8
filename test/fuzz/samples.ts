/** A sample of every dialect. */
import { fluxSample } from "../schedulers/flux.sample.ts"
import { htcondorSample } from "../schedulers/htcondor.sample.ts"
import { lsfSample } from "../schedulers/lsf.sample.ts"
import { oarSample } from "../schedulers/oar.sample.ts"
import { pbsSample } from "../schedulers/pbs.sample.ts"
import { mpiSample, processSample } from "../schedulers/process.sample.ts"
import { sgeSample } from "../schedulers/sge.sample.ts"
import { slurmSample } from "../schedulers/slurm.sample.ts"
import { torqueSample } from "../schedulers/torque.sample.ts"
import type { Sample } from "../schedulers/contract.ts"

export const samples: readonly Sample[] = [
  fluxSample,
  htcondorSample,
  lsfSample,
  mpiSample,
  oarSample,
  pbsSample,
  processSample,
  sgeSample,
  slurmSample,
  torqueSample,
]
