/** What the contract wants to know of the processes of a host. */
import { mpi } from "../../src/schedulers/mpi.ts"
import { process } from "../../src/schedulers/process.ts"
import type { Sample } from "./contract.ts"
import { otherToken, resultOf, token } from "./samples.ts"

export const nativeId = "0a1b2c3d.4711.123456"
export const host = "host 3f2e1d 0a1b2c3d-1111-2222-3333-444455556666 4026531836\n"

export const processSample: Sample = {
  scheduler: process,
  nativeId,
  accepted: resultOf({ stdout: `process ${token} ${nativeId} 3f2e1d 0a1b2c3d-1111 4026531836 4711 123456\nend\n` }),
  refused: {
    transient: resultOf({ exitCode: 95, stderr: "/home/me/.hawser/s1/jobs is not there\n" }),
    rejected: resultOf({ exitCode: 94, stderr: "not a token: x\n" }),
    "in-doubt": resultOf({ exitCode: 96, stderr: "no process was started: \n" }),
    gone: resultOf({ exitCode: 127, stderr: "sh: 1: hz_spawn: not found\n" }),
  },
  queue: () => `${host}process ${token} alive ${nativeId}\nprocess ${otherToken} unknown -\nend\n`,
  down: resultOf({ exitCode: 95, stderr: "/home/me/.hawser/s1/jobs is not there\n" }),
  noise: "Welcome. You have 4711 messages.",
}

/** It is asked the same, and answers alike. */
export const mpiSample: Sample = { ...processSample, scheduler: mpi }
