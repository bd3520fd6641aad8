import { expect, test } from "vitest"
import { type Answerer, Prompts, answerCharsMax } from "../../src/control/prompts.ts"
import type { Prompt } from "../../src/hawser.ts"
import { virtualClock } from "../support/virtual-clock.ts"

const questions = [{ text: "Passphrase: ", echo: false }]
const prompt: Prompt = { executor: "hpc", host: "login:22", instructions: "", questions }

/** Answers, or won't, when the test says so. */
function somebody() {
  const asked: Prompt[] = []
  let settledWith: string | null = null
  let settle: { resolve: (answers: readonly string[]) => void; reject: (why: Error) => void } | undefined
  const answerer: Answerer = (one, signal) => {
    asked.push(one)
    signal.addEventListener("abort", () => (settledWith = "settled"))
    return new Promise((resolve, reject) => (settle = { resolve, reject }))
  }
  return {
    answerer,
    asked,
    answer: (...answers: string[]) => settle?.resolve(answers),
    decline: () => settle?.reject(new Error("no")),
    isTold: () => settledWith !== null,
  }
}

test("everybody is asked, the first answer counts, and the others are told", async () => {
  const prompts = new Prompts(virtualClock())
  const [one, other] = [somebody(), somebody()]
  prompts.join(one.answerer)
  prompts.join(other.answerer)
  const answers = prompts.ask(prompt)
  expect([one.asked, other.asked]).toEqual([[prompt], [prompt]])
  other.answer("first")
  expect(await answers).toEqual(["first"])
  one.answer("second")
  await Promise.resolve()
  expect(one.isTold()).toBe(true)
})

test("with nobody there it is not asked; who comes later is asked what is open, and counts as having come", async () => {
  const prompts = new Prompts(virtualClock())
  expect([prompts.isThere, prompts.arrivals]).toEqual([false, 0])
  await expect(prompts.ask(prompt)).rejects.toThrow("nobody was there")
  prompts.join(somebody().answerer)
  const answers = prompts.ask(prompt)
  const late = somebody()
  prompts.join(late.answerer)
  expect([prompts.isThere, prompts.arrivals]).toEqual([true, 2])
  late.answer("late")
  expect(await answers).toEqual(["late"])
})

test("one who goes or won't answer takes no answer along; when nobody is left it is over", async () => {
  const prompts = new Prompts(virtualClock())
  const [one, other] = [somebody(), somebody()]
  const leave = prompts.join(one.answerer)
  prompts.join(other.answerer)
  const answered = prompts.ask(prompt)
  leave()
  other.answer("still here")
  expect(await answered).toEqual(["still here"])
  const refused = prompts.ask(prompt)
  other.decline()
  await expect(refused).rejects.toThrow("nobody answered")
  expect(prompts.isThere).toBe(true)
})

test.each([
  ["too few", []],
  ["too many", ["a", "b"]],
  ["too long", ["x".repeat(answerCharsMax + 1)]],
])("answers that do not fit are none: %s", async (_what, answers) => {
  const prompts = new Prompts(virtualClock())
  const one = somebody()
  prompts.join(one.answerer)
  const asked = prompts.ask(prompt)
  one.answer(...answers)
  await expect(asked).rejects.toThrow("nobody answered")
})

test("a question ends with its time, and with the controller; either way its answerers are told", async () => {
  const clock = virtualClock()
  const prompts = new Prompts(clock)
  const one = somebody()
  prompts.join(one.answerer)
  const late = expect(prompts.ask(prompt)).rejects.toThrow("within 120 s")
  await clock.advance(120_000)
  await late
  expect(one.isTold()).toBe(true)
  const closed = expect(prompts.ask(prompt)).rejects.toThrow("closing")
  prompts[Symbol.dispose]()
  await closed
  expect(clock.nextIn(), "no time runs for what is over").toBeNull()
})
