import { constants } from "node:os"
import { describe, expect, test } from "vitest"
import { Exit, exitCodeOfJob, failure } from "../../src/cli/exit.ts"
import { program } from "../../src/cli/program.ts"
import { HawserError, TransportError, UsageError } from "../../src/errors.ts"
import type { JobView } from "../../src/job/index.ts"
import { fakeJob } from "../support/fake-hawser.ts"

describe("the exit code of an error", () => {
  const facts = { summary: "What.", reason: "Why.", advice: "Next." }
  const errors: readonly (readonly [string, Error, number])[] = [
    ["a usage error", new UsageError("SPEC_INVALID", facts), 2],
    ["a refused port", new TransportError("CONNECTION_REFUSED", { ...facts, class: "transient" }), 3],
    ["a refused login", new HawserError("AUTH_FAILED", { ...facts, class: "auth" }), 3],
    ["a controller that went away", new TransportError("CONTROLLER_GONE", { ...facts, class: "transient" }), 1],
    ["a bug", new TypeError("x is not a function"), 1],
    ["an exit", new Exit(124), 124],
  ]
  test.each(errors)("%s", (_name, error, code) => {
    expect(failure(error, () => undefined)).toBe(code)
  })

  test("an error is its three lines, never a stack trace", () => {
    const said: string[] = []
    failure(new UsageError("X", facts), (text) => said.push(text))
    failure(new TypeError("boom"), (text) => said.push(text))
    expect(said).toEqual(["What.\nWhy.\nNext.", "Something failed unexpectedly.\nboom"])
  })
})

describe("the exit code of `run`", () => {
  const ends: readonly (readonly [Partial<JobView>, number])[] = [
    [{ state: "completed", exitCode: 0 }, 0],
    [{ state: "failed", cause: "exit", exitCode: 7 }, 7],
    [{ state: "failed", cause: "signal", signal: "KILL" }, 137],
    [{ state: "failed", cause: "timeout", exitCode: null, signal: "TERM" }, 143],
    [{ state: "failed", cause: "rejected" }, 1],
    [{ state: "failed", cause: "stage-out", exitCode: 0 }, 1],
    [{ state: "cancelled" }, 1],
  ]
  test.each(ends)("%o: %i", (change, code) => {
    expect(exitCodeOfJob(fakeJob(change), constants.signals)).toBe(code)
  })
})

describe("what commander objects to", () => {
  const wrong: readonly (readonly [readonly string[], string, string])[] = [
    [["somersault"], "unknown command 'somersault'", "The commands are run, submit"],
    [["lst"], "unknown command 'lst'", "Did you mean list?"],
    [["run", "--wallime", "5", "--", "true"], "unknown option '--wallime'", "Did you mean --walltime?"],
    [["run"], "missing required argument 'command'", "hawser run [options] <command...>"],
    [["list", "--nonsense-that-is-near-nothing"], "unknown option", "hawser list [options]"],
  ]
  test.each(wrong)("%o has three lines and exit code 2", async (args, what, why) => {
    const error: unknown = await program()
      .parseAsync(args, { from: "user" })
      .catch((thrown: unknown) => thrown)
    const said: string[] = []
    expect(failure(error, (text) => said.push(text))).toBe(2)
    const lines = said.join("\n").split("\n")
    expect(lines).toHaveLength(3)
    expect(lines[0]).toContain(what)
    expect(lines[1]).toContain(why)
    expect(lines[2]).toContain("--help")
  })
})
