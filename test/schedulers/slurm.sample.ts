/** What the contract wants to know of Slurm. */
import { slurm } from "../../src/schedulers/slurm/index.ts"
import type { Sample } from "./contract.ts"
import { resultOf, token } from "./samples.ts"

const line = (...fields: readonly string[]): string => [...fields, "\n"].join("\x1f")

/** The first line of each answer: the names of the columns. */
export const heads: { readonly squeue: string; readonly sacct: string } = {
  squeue: line(
    ..."JOBID STATE REASON SUBMIT_TIME START_TIME END_TIME RESTART_COUNT EXIT_CODE NODELIST CLUSTER NAME".split(" "),
  ),
  sacct: line(..."JobID State ExitCode Reason Submit Start End NodeList Cluster JobName".split(" ")),
}

export const running = (id: string, name: string): string =>
  [id, "RUNNING", "None", "1795233653", "1795233654", "1795234254", "0", "0", "n1", "rig", name, "\n"].join("\x1f")

export const slurmSample: Sample = {
  scheduler: slurm,
  nativeId: "4711",
  accepted: resultOf({ stdout: "4711\n" }),
  refused: {
    transient: resultOf({
      exitCode: 1,
      stderr: "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n",
    }),
    limit: resultOf({
      exitCode: 1,
      stderr: "sbatch: error: Batch job submission failed: Resource temporarily unavailable\n",
    }),
    rejected: resultOf({ exitCode: 255, stderr: "sbatch: error: Invalid --time specification\n" }),
    "in-doubt": resultOf({
      exitCode: 1,
      stderr: "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n",
    }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: sbatch: not found\n" }),
  },
  queue: () => heads.squeue + running("4711", `${token}-relax`) + running("4712", "a stranger's"),
  down: resultOf({
    exitCode: 1,
    stderr: "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n",
  }),
  noise: "Welcome. You have 4711 messages.",
}
