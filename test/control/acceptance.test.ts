/** A client without a person does not wait for what a person elsewhere is asked. */
import { expect, test } from "vitest"
import { acceptedWithout } from "../../src/control/acceptance.ts"
import { Prompts } from "../../src/control/prompts.ts"
import type { Prompt } from "../../src/hawser.ts"
import { FakeHawser, fakeJob } from "../support/fake-hawser.ts"
import { virtualClock } from "../support/virtual-clock.ts"

const prompt: Prompt = {
  executor: "hpc",
  host: "login:22",
  instructions: "",
  questions: [{ text: "Passphrase for key ~/.ssh/k: ", echo: false }],
}

/** A job on `hpc` and one on `local`, and somebody at a terminal who thinks about it. */
function scene() {
  const fake = new FakeHawser({ stateDirectory: "/state" })
  fake.jobs.set("h", fakeJob({ id: "h", executor: "hpc" }))
  fake.jobs.set("l", fakeJob({ id: "l", executor: "local", state: "queued" }))
  const prompts = new Prompts(virtualClock())
  prompts.join(() => new Promise(() => undefined))
  const ask = (): void => void prompts.ask(prompt).catch(() => undefined)
  return { fake, prompts, ask, signal: new AbortController().signal }
}

const told = {
  id: "h",
  state: "new",
  reason: expect.stringMatching(/login to login:22: Passphrase for key/) as unknown,
}

test("while a question is open, its executor's jobs are told as they are, with who is asked, and the others as always", async () => {
  const { fake, prompts, ask, signal } = scene()
  ask()
  const jobs = await acceptedWithout(fake, prompts, ["l", "h"], signal)
  expect(jobs).toMatchObject([{ id: "l", state: "queued", reason: null }, told])
  expect(fake.waits, "nothing goes on waiting").toBe(0)
})

test("a question that comes while it waits ends the wait", async () => {
  const { fake, prompts, ask, signal } = scene()
  const waiting = acceptedWithout(fake, prompts, ["h"], signal)
  await expect.poll(() => fake.waits).toBe(1)
  ask()
  expect(await waiting).toMatchObject([told])
})

test("a question for another executor does not, nor one that was answered", async () => {
  const { fake, prompts, ask, signal } = scene()
  prompts.join(() => Promise.resolve(["sesame"]))
  ask()
  await Promise.resolve()
  const waiting = acceptedWithout(fake, prompts, ["h"], signal)
  await expect.poll(() => fake.waits).toBe(1)
  void prompts.ask({ ...prompt, executor: "other" })
  fake.set("h", { state: "queued", nativeId: "7" })
  expect(await waiting).toMatchObject([{ id: "h", state: "queued", reason: null }])
})

test("it ends with its signal", async () => {
  const { fake, prompts } = scene()
  const abort = new AbortController()
  const waiting = acceptedWithout(fake, prompts, ["h"], abort.signal)
  await expect.poll(() => fake.waits).toBe(1)
  abort.abort(new Error("gone"))
  await expect(waiting).rejects.toThrow("gone")
})
