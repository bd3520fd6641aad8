/** What the contract wants to know of lsf. */
import { lsf } from "../../src/schedulers/lsf/index.ts"
import type { Sample } from "./contract.ts"
import { resultOf, token } from "./samples.ts"

export type Told = Readonly<Record<string, string>>

/** As bjobs -json prints it (LSF 10.1): every field is text, and an empty one says nothing. */
export function jobs(records: readonly Told[], count: number = records.length): string {
  const lines = records.map((record) => {
    const fields = Object.entries(record).map(
      ([name, value]) => `      ${JSON.stringify(name)}:${JSON.stringify(value)}`,
    )
    return `    {\n${fields.join(",\n")}\n    }`
  })
  return `{\n  "COMMAND":"bjobs",\n  "JOBS":${count},\n  "RECORDS":[\n${lines.join(",\n")}\n  ]\n}\n`
}

export const running: Told = {
  JOBID: "4711",
  STAT: "RUN",
  JOB_NAME: `${token}-relax`,
  EXEC_HOST: "4*n1:4*n2",
  EXIT_CODE: "",
  EXIT_REASON: "",
  PEND_REASON: "",
  SUBMIT_TIME: "Nov 27 18:00",
  START_TIME: "Nov 27 18:01",
}

export const lsfSample: Sample = {
  scheduler: lsf,
  nativeId: "4711",
  accepted: resultOf({ stdout: "Job <4711> is submitted to default queue <normal>.\n" }),
  refused: {
    transient: resultOf({ exitCode: 255, stderr: "LSF is down. Please wait ...\n" }),
    rejected: resultOf({ exitCode: 255, stderr: "normul: No such queue. Job not submitted.\n" }),
    "in-doubt": resultOf({ exitCode: 255, stderr: "batch system daemon not responding ... still trying\n" }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: bsub: not found\n" }),
  },
  queue: () => jobs([running, { ...running, JOBID: "4712", JOB_NAME: "a stranger's" }]),
  down: resultOf({ exitCode: 255, stderr: "LSF is down. Please wait ...\n" }),
  noise: "Welcome. You have 4711 messages.",
}
