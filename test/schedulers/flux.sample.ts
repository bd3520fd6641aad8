/** What the contract wants to know of flux. */
import { decimalOf } from "../../src/schedulers/flux/f58.ts"
import { flux } from "../../src/schedulers/flux/index.ts"
import type { Sample } from "./contract.ts"
import { resultOf, token } from "./samples.ts"

export type Told = Readonly<Record<string, unknown>>

/** As flux jobs --json prints them (0.88): one line, with spaces, ids as numbers. */
export function jobs(all: readonly Told[]): string {
  return `${line({ jobs: all })}\n`
}

/** `id` is text here: a number of JavaScript can't hold all of them. */
export function line(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(/"id":"(\d+)"/g, '"id":$1')
    .replaceAll(/(?<=":|[}\d"],)(?=["{[\d])/g, " ")
}

export const running: Told = {
  t_depend: 1_795_224_224.1860826,
  t_run: 1_795_224_224.205373,
  duration: 1800,
  name: `${token}-relax`,
  cwd: "/home/me",
  ntasks: 1,
  ncores: 1,
  nnodes: 1,
  ranks: "0",
  nodelist: "n1",
  id: "1951844532224",
  t_submit: 1_795_224_224.1683705,
  state: "RUN",
  username: "me",
  userid: 2003,
  urgency: 16,
  runtime: 1.19,
  status: "RUN",
  dependencies: [],
  jobid: "ƒtGkpRBu",
  annotations: { sched: { resource_summary: "rank0/core0" } },
  exception: { occurred: false },
}

const gone = "Unable to connect to Flux: broker socket /run/flux/local was not found"

export const fluxSample: Sample = {
  scheduler: flux,
  nativeId: "1951844532224",
  accepted: resultOf({ stdout: "ƒtGkpRBu\n" }),
  idsIn: (text) => text.split(/\s+/).flatMap((word) => decimalOf(word) ?? []),
  refused: {
    transient: resultOf({ exitCode: 1, stderr: `flux-submit: ERROR: ${gone}\n` }),
    limit: resultOf({ exitCode: 1, stderr: "[Errno 22] job submission is disabled: no more\n" }),
    rejected: resultOf({ exitCode: 1, stderr: "[Errno 22] requested duration (3h) exceeds policy limit of 2h\n" }),
    "in-doubt": resultOf({ exitCode: 1, stderr: "flux-submit: ERROR: [Errno 104] Connection reset by peer\n" }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: flux: not found\n" }),
  },
  queue: () => jobs([running, { ...running, id: "1951844532225", name: "a stranger's" }]),
  down: resultOf({ exitCode: 1, stderr: `flux-jobs: ERROR: ${gone}\n` }),
  noise: "Welcome. You have 4711 messages.",
}
