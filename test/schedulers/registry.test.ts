import { expect, test } from "vitest"
import { UsageError } from "../../src/errors.ts"
import { schedulerNamed, schedulers } from "../../src/schedulers/index.ts"
import { thrownBy } from "./samples.ts"

test("each dialect is listed under its own name", () => {
  for (const [name, scheduler] of Object.entries(schedulers)) {
    expect(scheduler.name).toBe(name)
    expect(schedulerNamed(name)).toBe(scheduler)
  }
})

test.each(["slurmm", "", "constructor", "__proto__"])("%j is no scheduler, and those that are get listed", (name) => {
  const error = thrownBy(() => schedulerNamed(name))
  expect(error).toBeInstanceOf(UsageError)
  expect((error as UsageError).message).toContain("slurm")
})
