import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { chmod } from "node:fs/promises"
import { createInterface } from "node:readline"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { inspect, needsPerson, openStore, readLease } from "../../src/persist/index.ts"
import { type Compiled, compile } from "../support/compiled.ts"
import { mulberry32 } from "../../src/testing/dice.ts"
import { freshDirectory } from "./directory.ts"
import { created, kindsOf } from "./life.ts"

const clock = systemClock
let compiled: Compiled
const children = new Set<ChildProcess>()

beforeAll(() => {
  compiled = compile("test/persist/child.ts")
}, 60_000)

afterAll(() => {
  for (const child of children) child.kill("SIGKILL")
  compiled[Symbol.dispose]()
})

interface Controller {
  readonly process: ChildProcess
  readonly pid: number
  /** All that it has said so far. */
  readonly said: string[]
  tell(line: string): void
  /** The first line, said or yet to be said, that begins so. */
  hear(word: string): Promise<string>
  kill(): Promise<void>
}

async function controller(): Promise<Controller> {
  const process = spawn("node", [compiled.file("test/persist/child.ts")], { stdio: ["pipe", "pipe", "inherit"] })
  children.add(process)
  const said: string[] = []
  const lines = createInterface({ input: process.stdout })
  lines.on("line", (line) => said.push(line))
  const hear = async (word: string): Promise<string> => {
    for (;;) {
      const found = said.find((line) => line.startsWith(word))
      if (found !== undefined) return found
      await once(lines, "line")
    }
  }
  const ready = await hear("ready")
  return {
    process,
    pid: Number(ready.split(" ")[1]),
    said,
    tell: (line) => process.stdin.write(`${line}\n`),
    hear,
    kill: async () => {
      const ended = once(process, "close")
      process.kill("SIGKILL")
      await ended
      children.delete(process)
    },
  }
}

function acknowledgedBy({ said }: Controller): string[] {
  return said.filter((line) => line.startsWith("acknowledged")).map((line) => line.split(" ")[1] ?? "")
}

describe("a controller that is killed", () => {
  test("twenty times, at any moment: what it acknowledged is there, and the next one starts at once", async () => {
    const directory = await freshDirectory()
    const random = mulberry32(20)
    const acknowledged: string[] = []
    for (let round = 1; round <= 20; round++) {
      const one = await controller()
      one.tell(`open ${directory}`)
      expect(await one.hear("opened")).toBe(`opened ${round}`)
      one.tell(`write r${round}`)
      await one.hear("acknowledged")
      await clock.sleep(random() * 60)
      await one.kill()
      acknowledged.push(...acknowledgedBy(one))
      const store = await openStore(directory, { clock, readOnly: true })
      expect(acknowledged.filter((job) => store.jobs.get(job)?.state !== "completed")).toEqual([])
      expect(kindsOf(store).filter((kind) => kind !== "torn-tail")).toEqual([])
    }
    expect(acknowledged.length).toBeGreaterThan(60)
  }, 120_000)
})

describe("two controllers", () => {
  test("that open at the same moment: exactly one gets the directory, the other hears who has it", async () => {
    const [one, other] = await Promise.all([controller(), controller()])
    for (let round = 0; round < 15; round++) {
      const directory = await freshDirectory()
      // Every other directory has been used before, by one that is dead.
      if (round % 2 === 1) {
        const dead = await openStore(directory, { clock, host: { ...deadHost } })
        await dead.append([created("a")])
      }
      for (const each of [one, other]) {
        each.said.length = 0
        each.tell(`open ${directory}`)
      }
      const outcomes = await Promise.all(
        [one, other].map((each) => Promise.race([each.hear("opened"), each.hear("failed")])),
      )
      expect(outcomes.toSorted()).toEqual(["failed LEASE_HELD", `opened ${round % 2 === 1 ? 2 : 1}`])
      const winner = outcomes[0]?.startsWith("opened") === true ? one : other
      winner.tell("close")
      await winner.hear("closed")
    }
    await Promise.all([one.kill(), other.kill()])
  }, 60_000)

  test("one that stops and is taken over: its next append fails, and nothing that it wrote counts", async () => {
    const directory = await freshDirectory()
    const old = await controller()
    old.tell(`open ${directory}`)
    await old.hear("opened")
    old.tell("write a")
    await old.hear("acknowledged")
    old.process.kill("SIGSTOP")
    await clock.sleep(50)
    const held = await openStore(directory, { clock }).catch((error: unknown) => error)
    expect(held).toMatchObject({ code: "LEASE_HELD", class: "rejected" })
    expect(String(held)).toContain(String(old.pid))
    const next = await openStore(directory, { clock, takeOver: true })
    const counted = [...next.jobs.keys()]
    expect(acknowledgedBy(old).filter((job) => !counted.includes(job))).toEqual([])
    await next.append([created("b")])
    old.process.kill("SIGCONT")
    expect(await old.hear("failed")).toBe("failed STORE_SUPERSEDED")
    expect(await old.hear("because")).toMatch(
      /Another controller has taken over .* nothing that this process writes counts any more/,
    )
    expect(acknowledgedBy(old).filter((job) => !counted.includes(job))).toEqual([])
    await next.close()
    const last = await openStore(directory, { clock })
    expect([...last.jobs.keys()]).toEqual([...counted, "b"])
    await last.close()
    await old.kill()
  }, 30_000)

  test("one that is stopped at any moment, also while it makes a snapshot: fsck finds nothing that needs a person", async () => {
    const random = mulberry32(7)
    for (let round = 0; round < 8; round++) {
      const directory = await freshDirectory()
      await chmod(directory, 0o700)
      const old = await controller()
      old.tell(`open ${directory}`)
      await old.hear("opened")
      old.tell("write a")
      await old.hear("acknowledged")
      await clock.sleep(random() * 150)
      old.process.kill("SIGSTOP")
      await clock.sleep(20)
      expect(await inspect(directory)).toMatchObject({ lease: { state: "live", owner: { pid: old.pid } } })
      const next = await openStore(directory, { clock, takeOver: true })
      const counted = [...next.jobs.keys()]
      await next.append([created("b")])
      old.process.kill("SIGCONT")
      expect(await old.hear("failed")).toBe("failed STORE_SUPERSEDED")
      // Its own end, too, may leave nothing behind.
      old.tell("close")
      await old.hear("closed")
      expect(acknowledgedBy(old).filter((job) => !counted.includes(job))).toEqual([])
      await next.append([created("c")])
      await next.close()
      const { remarks, jobs } = await inspect(directory)
      expect(remarks.filter(needsPerson)).toEqual([])
      expect(jobs).toBe(counted.length + 2)
      await old.kill()
    }
  }, 60_000)

  test("the twin: one that gave the directory back leaves it to the next without a word", async () => {
    const directory = await freshDirectory()
    const old = await controller()
    old.tell(`open ${directory}`)
    await old.hear("opened")
    expect(await readLease(directory)).toMatchObject({ state: "live", owner: { pid: old.pid } })
    old.tell("close")
    await old.hear("closed")
    expect(await readLease(directory)).toMatchObject({ state: "free", owner: null })
    const next = await openStore(directory, { clock })
    expect(next.epoch).toBe(2)
    await next.close()
    await old.kill()
  }, 30_000)

  test("a killed one is dead also while nobody has collected what is left of it", async () => {
    const directory = await freshDirectory()
    const old = await controller()
    old.tell(`open ${directory}`)
    await old.hear("opened")
    old.process.kill("SIGKILL")
    await clock.sleep(100)
    const next = await openStore(directory, { clock })
    expect(next.epoch).toBe(2)
    await next.close()
  }, 30_000)
})

const deadHost = {
  self: async () => {
    const { systemHost } = await import("../../src/persist/index.ts")
    return { ...(await systemHost.self()), pid: 1, startTime: "never" }
  },
  startTimeOf: () => Promise.resolve(null),
}
