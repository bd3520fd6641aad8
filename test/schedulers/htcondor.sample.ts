/** What the contract wants to know of htcondor. */
import { htcondor } from "../../src/schedulers/htcondor/index.ts"
import type { Sample } from "./contract.ts"
import { resultOf, token } from "./samples.ts"

export type Told = Readonly<Record<string, string | number | boolean>>

/** As condor_q -json prints it. */
export function ads(all: readonly Told[]): string {
  return `[\n${all.map((ad) => JSON.stringify(ad, null, 2)).join(",\n")}\n]\n`
}

export const running: Told = {
  GlobalJobId: "head#4711.0#1795233653",
  JobStatus: 2,
  JobBatchName: `${token}-relax`,
  NumJobStarts: 1,
  QDate: 1_795_233_653,
  JobStartDate: 1_795_233_654,
  EnteredCurrentStatus: 1_795_233_654,
  RemoteHost: "slot1@n1",
}

const down = resultOf({
  exitCode: 1,
  stderr: "-- Failed to fetch ads from: <127.0.0.1:9618> : head\nSECMAN:2007:Failed to end classad message.\n",
})

export const htcondorSample: Sample = {
  scheduler: htcondor,
  nativeId: "4711.0",
  accepted: resultOf({ stdout: "4711.0 - 4711.0\n" }),
  refused: {
    transient: resultOf({ exitCode: 1, stderr: "\nERROR: Can't find address of local schedd\n" }),
    limit: resultOf({ exitCode: 1, stderr: "\nERROR: Number of submitted jobs would exceed MAX_JOBS_PER_OWNER\n" }),
    rejected: resultOf({ exitCode: 1, stderr: "\nERROR: Parse error in expression: \n" }),
    "in-doubt": resultOf({ exitCode: 1, stderr: "\nERROR: Failed to commit job submission into the queue.\n" }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: condor_submit: not found\n" }),
  },
  queue: () => ads([running, { ...running, GlobalJobId: "head#4712.0#1795233653", JobBatchName: "a stranger's" }]),
  down,
  noise: "Welcome. You have 4711 messages.",
}
