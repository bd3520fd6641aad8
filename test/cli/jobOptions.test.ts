import { Command } from "commander"
import { describe, expect, test } from "vitest"
import { type JobOptions, addJobOptions, jobOf, requestOf } from "../../src/cli/jobOptions.ts"
import { UsageError } from "../../src/errors.ts"
import { toPlain } from "../../src/control/plain.ts"
import type { SubmitRequest } from "../../src/hawser.ts"

async function typed(...args: readonly string[]): Promise<SubmitRequest> {
  let request: SubmitRequest | undefined
  const command = addJobOptions(new Command("run")).action((words: string[], options: JobOptions) => {
    request = requestOf(words, options)
  })
  await command.exitOverride().parseAsync(args, { from: "user" })
  if (request === undefined) throw new Error("nothing was requested")
  return request
}

describe("a job as typed", () => {
  test("a command alone is a spec of nothing but the command", async () => {
    expect(await typed("--", "hostname")).toEqual({
      spec: { command: ["hostname"], resources: {} },
      base: process.cwd(),
      secrets: {},
    })
  })

  test("every option has its place in the spec", async () => {
    const line =
      "-e hpc -n 4 -N 2 -c 1 -t 10m --queue short --memory 4G --gpus 1 --key k --name n --into out " +
      "--launcher mpich --native --switches=1 --output *.out --output log/** -- ./relax -v Al"
    const { spec, key, executor } = await typed(...line.split(" "))
    expect({ key, executor }).toEqual({ key: "k", executor: "hpc" })
    expect(spec).toEqual({
      command: ["./relax", "-v", "Al"],
      name: "n",
      into: "out",
      native: ["--switches=1"],
      launcher: "mpich",
      outputs: ["*.out", "log/**"],
      resources: { tasks: "4", nodes: "2", cpusPerTask: "1", walltime: "10m", queue: "short", memory: "4G", gpus: "1" },
    })
  })

  test("options behind the command's name are the command's own", async () => {
    expect((await typed("ls", "-n", "x")).spec).toMatchObject({ command: ["ls", "-n", "x"], resources: {} })
  })

  test.each([
    ["a", "a"],
    ["data/a=in.dat", { from: "data/a", to: "in.dat" }],
    ["odd=name=b", { from: "odd=name", to: "b" }],
    ["=a", "=a"],
  ])("input %s", async (text, input) => {
    expect((await typed("--input", text, "--", "true")).spec).toMatchObject({ inputs: [input] })
  })

  test("a variable with a value stands in the spec; one without is passed on by name, its value apart", async () => {
    process.env["HAWSER_TEST_SECRET"] = "hush"
    const { spec, secrets } = await typed("--env", "A=b=c", "--env", "HAWSER_TEST_SECRET", "--env", "E=", "--", "true")
    delete process.env["HAWSER_TEST_SECRET"]
    expect(spec).toMatchObject({ env: { A: "b=c", E: "", HAWSER_TEST_SECRET: { fromEnv: "HAWSER_TEST_SECRET" } } })
    expect(secrets).toEqual({ HAWSER_TEST_SECRET: "hush" })
    expect(JSON.stringify(spec)).not.toContain("hush")
  })

  test.each(["", "=x"])("the variable %j is refused", async (text) => {
    await expect(typed("--env", text, "--", "true")).rejects.toThrow(UsageError)
  })
})

test("the error that a submission met is thrown with its class", () => {
  const error = toPlain(new UsageError("KEY_TAKEN", { summary: "Taken." }))
  expect(() => jobOf({ ok: false, error })).toThrow(UsageError)
})
