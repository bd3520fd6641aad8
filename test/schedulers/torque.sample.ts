/** What the contract wants to know of torque. */
import { torque } from "../../src/schedulers/torque/index.ts"
import type { Sample } from "./contract.ts"
import { resultOf, token } from "./samples.ts"

export type Told = Readonly<Record<string, string | Readonly<Record<string, string>> | undefined>>

/** As qstat -x prints it (Torque 6), in one line, over remote/selected.sh. */
export function jobs(all: readonly Told[], selected: number = all.length): string {
  const element = (name: string, value: string): string => `<${name}>${value}</${name}>`
  const job = (told: Told): string =>
    element(
      "Job",
      Object.entries(told)
        .flatMap(([name, value]) => {
          if (value === undefined) return []
          if (typeof value === "string") return [element(name, value)]
          return [
            element(
              name,
              Object.entries(value)
                .map(([key, one]) => element(key, one))
                .join(""),
            ),
          ]
        })
        .join(""),
    )
  return `\nhz-selected ${selected}\n${element("Data", all.map(job).join(""))}\n\nhz-end 0\n`
}

export const running: Told = {
  Job_Id: "4711.head",
  Job_Name: `${token}-relax`,
  job_state: "R",
  ctime: "1795233653",
  start_time: "1795233654",
  exec_host: "n1/0-3+n2/0-3",
  Resource_List: { nodes: "2:ppn=4", walltime: "00:05:00" },
}

export const torqueSample: Sample = {
  scheduler: torque,
  nativeId: "4711.head",
  accepted: resultOf({ stdout: "4711.head\n" }),
  refused: {
    transient: resultOf({
      exitCode: 111,
      stderr: "qsub: cannot connect to server head (errno=111) Connection refused\n",
    }),
    busy: resultOf({ exitCode: 30, stderr: "qsub: Pbs Server is currently too busy to service this request.\n" }),
    limit: resultOf({
      exitCode: 228,
      stderr: "qsub: submit error (Maximum number of jobs already in queue for user)\n",
    }),
    rejected: resultOf({ exitCode: 190, stderr: "qsub: Job exceeds queue resource limits MSG=cannot locate nodes\n" }),
    "in-doubt": resultOf({ exitCode: 237, stderr: "qsub: submit error (Time out)\n" }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: qsub: not found\n" }),
  },
  queue: () => jobs([running, { ...running, Job_Id: "4712.head", Job_Name: "a stranger's" }]),
  down: resultOf({ exitCode: 111, stderr: "qstat: cannot connect to server head (errno=111) Connection refused\n" }),
  noise: "Welcome. You have 4711 messages.",
}
