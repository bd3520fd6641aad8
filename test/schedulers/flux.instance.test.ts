/** Flux in an instance of our own: where its commands run, and what its own stops look like. */
import { expect, test } from "vitest"
import { flux } from "../../src/schedulers/flux/index.ts"
import { jobs, running } from "./flux.sample.ts"
import { nativeOf, resultOf, submissionOf } from "./samples.ts"

const place = ["hz_in_instance", "~/flux", "in0123456789abc"]
const dialect =
  flux.configured?.({ parallelEnvironment: null, instance: { directory: "~/flux", token: "in0123456789abc" } }) ?? flux
const native = nativeOf("4711")

test("without one of its own it is the dialect as it is", () => {
  expect(flux.configured?.({ parallelEnvironment: null, instance: null })).toBe(flux)
})

test("each command is run in the instance that is at its place", () => {
  const commands = [
    dialect.queue([native]),
    dialect.history([native], 0),
    ...dialect.look([native], 0),
    ...dialect.cancel([native], { force: true, owner: 1 }),
    ...(dialect.hold([native]) ?? []),
    ...(dialect.release([native]) ?? []),
    dialect.probe(),
  ]
  for (const command of commands) expect(command?.argv.slice(0, 3)).toEqual(place)
})

test("a submission is made durable", () => {
  const { argv } = dialect.submit(submissionOf())
  expect(argv.slice(0, 6)).toEqual([...place, "hz_flux_durable", "flux", "submit"])
})

test("what has no id though it was submitted, since it could not be made durable, is in doubt", () => {
  const command = dialect.submit(submissionOf())
  const result = resultOf({
    stdout: "ƒ2D5AiBou\n",
    stderr: "flux-kvs: flux_kvs_commit: Invalid argument\n",
    exitCode: 1,
  })
  expect(() => command.parse(result)).toThrow(expect.objectContaining({ class: "in-doubt" }) as Error)
})

test.each([
  "hawser: the Flux instance at /r/flux is not there yet, or no longer",
  "hawser: the Flux instance at /r/flux does not answer: flux-kvs: flux_open: No such file or directory",
  "hawser: the Flux instance at /r/flux is not ours: its token is insomebodyelse",
])("%s: nothing was sent, and it may pass", (stderr) => {
  const result = resultOf({ stderr, exitCode: 1 })
  expect(() => dialect.submit(submissionOf()).parse(result)).toThrow(
    expect.objectContaining({ class: "transient" }) as Error,
  )
  expect(() => dialect.queue([native]).parse(result)).toThrow(expect.objectContaining({ class: "transient" }) as Error)
})

const canceled = (note: string): string =>
  jobs([
    {
      ...running,
      id: "4711",
      state: "INACTIVE",
      result: "CANCELED",
      exception: { occurred: true, severity: 0, type: "cancel", note },
    },
  ])

test("a cancel of ours carries a note, and is one", () => {
  const words = dialect.cancel([native], { force: false, owner: 1 })[0]?.argv ?? []
  expect(words).toContain("--message=hawser")
  const { evidence } = dialect.queue([native]).parse(resultOf({ stdout: canceled("hawser") }))
  expect(evidence[0]?.outcome).toMatchObject({ state: "cancelled" })
})

test("what Flux cancels without a word ended with the instance: it was preempted", () => {
  const { evidence } = dialect.queue([native]).parse(resultOf({ stdout: canceled("") }))
  expect(evidence[0]?.outcome).toMatchObject({ state: "failed", cause: "preempted" })
  const elsewhere = flux.queue([native]).parse(resultOf({ stdout: canceled("") }))
  expect(elsewhere.evidence[0]?.outcome).toMatchObject({ state: "cancelled" })
})
