/** What the contract wants to know of pbs. */
import { pbs } from "../../src/schedulers/pbs/index.ts"
import type { Sample } from "./contract.ts"
import { resultOf, token } from "./samples.ts"

export interface Told {
  readonly [name: string]: unknown
}

/** As qstat -f -F json prints it (OpenPBS 23.06), over remote/selected.sh. */
export function jobs(all: Readonly<Record<string, Told>>, selected: number = Object.keys(all).length): string {
  const answer = { timestamp: 1_750_368_487, pbs_version: "23.06.06", pbs_server: "pbs", Jobs: all }
  return `\nhz-selected ${selected}\n${JSON.stringify(answer, null, 4)}\n\nhz-end 0\n`
}

export const running: Told = {
  Job_Name: `${token}-relax`,
  job_state: "R",
  ctime: "Thu Jun 19 21:27:51 2025",
  stime: "Thu Jun 19 21:27:51 2025",
  exec_host: "n1/0*4+n2/0*4",
  Resource_List: { ncpus: 8, walltime: "00:05:00" },
  substate: 42,
  comment: "Job run at Thu Jun 19 at 21:27 on (n1:ncpus=4)+(n2:ncpus=4)",
}

export const pbsSample: Sample = {
  scheduler: pbs,
  nativeId: "4711.pbs",
  accepted: resultOf({ stdout: "4711.pbs\n" }),
  refused: {
    transient: resultOf({
      exitCode: 111,
      stderr: "Connection refused\nqsub: cannot connect to server pbs (errno=111)\n",
    }),
    busy: resultOf({ exitCode: 185, stderr: "qsub: cannot connect to server pbs (errno=15033)\n" }),
    limit: resultOf({ exitCode: 40, stderr: "qsub: would exceed complex's per-user limit of jobs in 'Q' state\n" }),
    rejected: resultOf({ exitCode: 170, stderr: "qsub: Unknown queue\n" }),
    "in-doubt": resultOf({ exitCode: 183, stderr: "qsub: Batch protocol error\n" }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: qsub: not found\n" }),
  },
  queue: () => jobs({ "4711.pbs": running, "4712.pbs": { ...running, Job_Name: "a stranger's" } }),
  down: resultOf({ exitCode: 255, stderr: "Connection refused\nqstat: cannot connect to server pbs (errno=111)\n" }),
  noise: "Welcome. You have 4711 messages.",
}
