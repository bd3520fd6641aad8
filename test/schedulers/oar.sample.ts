/** What the contract wants to know of oar. */
import { oar } from "../../src/schedulers/oar/index.ts"
import type { Sample } from "./contract.ts"
import { resultOf, token } from "./samples.ts"

export type Told = Readonly<Record<string, unknown>>

/** As oarstat --json --full prints it (OAR 2.5.9). */
export function jobs(all: Readonly<Record<string, Told>>): string {
  return `${JSON.stringify(all, null, 3)}\n`
}

/** As hz_oar_jobs hands it on. */
export function listed(all: Readonly<Record<string, Told>>): string {
  return `${jobs(all)}end\n`
}

export const running: Told = {
  Job_Id: "4711",
  name: `${token}-relax`,
  state: "Running",
  submissionTime: "1795233653",
  startTime: "1795233654",
  stopTime: "0",
  message: "R=4,W=1:0:0,J=B",
  assigned_network_address: ["n1", "n2"],
  events: [],
}

export const oarSample: Sample = {
  scheduler: oar,
  nativeId: "4711",
  accepted: resultOf({ stdout: "[ADMISSION RULE] Set default walltime to 7200.\nOAR_JOB_ID=4711\n" }),
  refused: {
    transient: resultOf({ exitCode: 25, stderr: "DB connection error, exiting.\n" }),
    rejected: resultOf({
      exitCode: 8,
      stderr:
        "There are not enough resources for your request\n[ERROR] Oarsub failed, please verify your request syntax.\n",
      stdout: "[ADMISSION RULE] Modify resource description with type constraints\nOAR_JOB_ID=-5\n",
    }),
    "in-doubt": resultOf({ exitCode: 1, stderr: "", stdout: "[ADMISSION RULE] Set default walltime to 7200.\n" }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: oarsub: not found\n" }),
  },
  queue: () => listed({ "4711": running, "4712": { ...running, Job_Id: "4712", name: "a stranger's" } }),
  down: resultOf({ exitCode: 25, stderr: "DB connection error, exiting.\n" }),
  noise: "Welcome. You have 4711 messages.",
}
