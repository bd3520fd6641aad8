/** What the contract wants to know of Grid Engine. */
import { sge } from "../../src/schedulers/sge/index.ts"
import type { Sample } from "./contract.ts"
import { resultOf, token } from "./samples.ts"

export const job = (id: string, name: string, state = "r"): string => `    <job_list state="running">
      <JB_job_number>${id}</JB_job_number>
      <JB_name>${name}</JB_name>
      <JB_owner>me</JB_owner>
      <state>${state}</state>
      <JAT_start_time>2026-11-21T01:48:16</JAT_start_time>
      <queue_name>main.q@n1</queue_name>
      <slots>1</slots>
    </job_list>
`
export const listOf = (jobs: string): string =>
  `<?xml version='1.0'?>\n<job_info  xmlns:xsd="x">\n  <queue_info>\n${jobs}  </queue_info>\n  <job_info>\n  </job_info>\n</job_info>\nend\n`

const down = `error: commlib error: got select error (Connection refused)
Unable to run job: unable to send message to qmaster using port 6444 on host "vm": got send error
Exiting.
`

export const sgeSample: Sample = {
  scheduler: sge,
  nativeId: "4711",
  accepted: resultOf({ stdout: "4711\n" }),
  refused: {
    transient: resultOf({ exitCode: 1, stderr: down }),
    limit: resultOf({
      exitCode: 25,
      stderr: "Unable to run job: job rejected: only 2 jobs are allowed per user (current job count: 2)\nExiting.\n",
    }),
    rejected: resultOf({
      exitCode: 1,
      stderr: 'Unable to run job: Job was rejected because job requests unknown queue "nope.q"\nExiting.\n',
    }),
    "in-doubt": resultOf({
      exitCode: 1,
      stderr: "error: failed receiving gdi request response for mid=1 (got syncron message receive timeout error).\n",
    }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: qsub: not found\n" }),
  },
  queue: () => listOf(job("4711", `${token}-relax`) + job("4712", "a stranger&apos;s")),
  down: resultOf({
    exitCode: 1,
    stderr: down.replace("Unable to run job:", "error:"),
  }),
  noise: "Welcome. You have 4711 messages.",
}
