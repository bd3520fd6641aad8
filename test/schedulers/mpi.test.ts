import { expect, test } from "vitest"
import { UsageError } from "../../src/errors.ts"
import { mpi } from "../../src/schedulers/mpi.ts"
import { process } from "../../src/schedulers/process.ts"
import { contract } from "./contract.ts"
import { mpiSample } from "./process.sample.ts"
import { specOf, submissionOf, thrownBy } from "./samples.ts"

contract(mpiSample)

test("several nodes are hosts of an executor for MPI, and nothing that a process could be", () => {
  const submission = submissionOf(specOf({}, { nodes: 2 }))
  expect(mpi.directives(submission)).toEqual([])
  expect((thrownBy(() => process.directives(submission)) as UsageError).summary).toBe("A process takes no 2 nodes.")
})

test("native options are for managers", () => {
  const error = thrownBy(() => mpi.directives(submissionOf(specOf({ native: ["--switches=1"] }))))
  expect(error).toBeInstanceOf(UsageError)
})
