/** A sample of every dialect. */
import { mpiSample, processSample } from "../schedulers/process.sample.ts"
import { sgeSample } from "../schedulers/sge.sample.ts"
import { slurmSample } from "../schedulers/slurm.sample.ts"
import type { Sample } from "../schedulers/contract.ts"

export const samples: readonly Sample[] = [processSample, mpiSample, slurmSample, sgeSample]
