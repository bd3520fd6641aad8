/** Submissions that wait for their way travel together, and each hears of its own. */
import { expect, test } from "vitest"
import type { Command, CommandResult } from "../../src/command.ts"
import { TransportError } from "../../src/errors.ts"
import { Together } from "../../src/executors/together.ts"
import type { Session } from "../../src/transport/session.ts"
import { submissionsOf } from "../../src/testing/verbs.ts"

/** A session that keeps each command until it is answered. */
class Line {
  readonly sent: {
    readonly tokens: readonly string[]
    answer(...answers: string[]): void
    lose(error: Error): void
  }[] = []
  readonly together: Together<string>

  constructor() {
    const never = (): never => {
      throw new Error("It only acts.")
    }
    const session: Session = {
      address: "here",
      closed: new Promise(() => undefined),
      ask: never,
      send: never,
      receive: never,
      act: <T>(command: Command<T>) =>
        new Promise<T>((resolve, reject) => {
          this.sent.push({
            tokens: submissionsOf(command.argv.slice(3)).map(([token = ""]) => token),
            answer: (...answers) => {
              const stdout = answers.map((answer) => `${answer}\nend\n`).join("")
              resolve(command.parse({ exitCode: 0, stdout, stderr: "", timedOut: false }))
            },
            lose: reject,
          })
        }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    this.together = new Together(session, { home: "/home", owner: 1 }, new AbortController().signal)
  }

  submit(token: string): Promise<unknown> {
    const parse = ({ stdout }: CommandResult): string => stdout
    return this.together
      .submit({ token, tryNumber: 1, inner: { argv: ["sbatch"], parse } })
      .catch((error: unknown) => error)
  }

  get sizes(): number[] {
    return this.sent.map(({ tokens }) => tokens.length)
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
const yes = (id: number): string => `answered 0 0\no ${id}`

test("one goes at once and by itself", async () => {
  const line = new Line()
  const reply = line.submit("a")
  await turn()
  line.sent[0]?.answer(yes(7))
  expect(await reply).toEqual({ status: "answered", repeated: false, value: "7\n" })
})

test("many share the commands that may be under way, four in each at most, and the rest follows in order", async () => {
  const line = new Line()
  const names = Array.from({ length: 50 }, (_, index) => `t${index}`)
  const replies = Promise.all(names.map((name) => line.submit(name)))
  await turn()
  expect(line.sizes).toEqual(Array(9).fill(4))
  for (let next = 0; next < line.sent.length; next += 1) {
    line.sent[next]?.answer(...(line.sent[next]?.tokens.map((name) => yes(Number(name.slice(1)))) ?? []))
    await turn()
  }
  expect(line.sent.flatMap(({ tokens }) => tokens)).toEqual(names)
  expect(await replies).toMatchObject(names.map((name) => ({ value: `${name.slice(1)}\n` })))
})

test("few that come together are spread, so that they are worked on side by side", async () => {
  const line = new Line()
  for (const name of ["a", "b", "c"]) void line.submit(name)
  await turn()
  expect(line.sizes).toEqual([1, 1, 1])
})

test("each hears of its own; one that was held is told so", async () => {
  const line = new Line()
  const names = Array.from({ length: 36 }, (_, index) => `t${index}`)
  const replies = names.map((name) => line.submit(name))
  await turn()
  line.sent[0]?.answer(yes(1), "missing", "in-doubt", "held")
  const told = await Promise.all(replies.slice(0, 4))
  expect(told).toMatchObject([
    { status: "answered" },
    { status: "missing" },
    { status: "in-doubt" },
    { status: "held" },
  ])
  const lost = new TransportError("CONNECTION_LOST", { summary: "It is lost.", class: "in-doubt" })
  line.sent[1]?.lose(lost)
  expect(await Promise.all(replies.slice(4, 8))).toEqual([lost, lost, lost, lost])
})
