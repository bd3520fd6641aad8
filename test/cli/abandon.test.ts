/** `hawser abandon`: what it names, when it asks, what it says. */
import { expect, test } from "vitest"
import { abandonNamed } from "../../src/cli/abandon.ts"
import { program } from "../../src/cli/program.ts"
import { closedLines } from "../../src/cli/recover.ts"
import { tombstoneLines } from "../../src/cli/status.ts"
import { textOf } from "../../src/cli/show.ts"
import { FakeHawser, fakeJob } from "../support/fake-hawser.ts"
import { virtualClock } from "../support/virtual-clock.ts"

interface Scene {
  readonly api: FakeHawser
  readonly said: string[]
  readonly printed: string[]
  readonly asked: string[]
  readonly run: (request: object, yes?: boolean) => Promise<void>
}

/** `answer`: what the person says; null: nobody is there. */
function scene(answer: boolean | null, json = false): Scene {
  const jobs = [
    fakeJob({ id: "id-a", key: "a", executor: "hpc", state: "running" }),
    fakeJob({ id: "id-b", key: "b", executor: "hpc", state: "completed" }),
  ]
  const api = new FakeHawser({ stateDirectory: "/state", jobs })
  const [said, printed, asked]: [string[], string[], string[]] = [[], [], []]
  const context = {
    json,
    clock: virtualClock(),
    canAsk: answer !== null,
    say: (text: string) => void said.push(text),
    print: (text: string) => void printed.push(text),
  }
  const confirm = async (question: string): Promise<boolean> => {
    asked.push(question)
    return answer === true
  }
  return { api, said, printed, asked, run: (request, yes = false) => abandonNamed(context, api, request, yes, confirm) }
}

test("a person is shown the jobs and asked, and yes abandons them", async () => {
  const { api, said, asked, run } = scene(true)
  await run({ executors: ["hpc"] })
  expect(asked).toEqual(["Abandon 1 job of hpc for good? [y/N] "])
  expect(said[0]).toContain("id-a")
  expect(said.at(-1)).toBe("a (id-a) on hpc is abandoned")
  expect(api.jobs.get("id-a")).toMatchObject({ state: "failed", cause: "abandoned" })
})

test("anything but yes abandons nothing, and is a failure", async () => {
  const { api, said, run } = scene(false)
  await expect(run({ names: ["a"] })).rejects.toMatchObject({ exitCode: 1 })
  expect(said.at(-1)).toBe("Nothing was abandoned.")
  expect(api.jobs.get("id-a")?.state).toBe("running")
})

test("where nobody can be asked, --yes has to be said", async () => {
  const { api, run } = scene(null)
  const refused = {
    code: "CONFIRMATION_NEEDED",
    advice: expect.stringContaining("hawser abandon --yes -e hpc --job a"),
  }
  await expect(run({ executors: ["hpc"], jobs: ["a"] })).rejects.toMatchObject(refused)
  expect(api.jobs.get("id-a")?.state).toBe("running")
})

test("with --yes nobody is asked", async () => {
  const { api, asked, printed, run } = scene(null, true)
  await run({ names: ["a"] }, true)
  expect(asked).toEqual([])
  expect(JSON.parse(printed[0] ?? "")).toMatchObject({ abandoned: [{ id: "id-a", cause: "abandoned" }], over: [] })
  expect(api.jobs.get("id-a")?.state).toBe("failed")
})

test("what is over already is no question, and is said", async () => {
  const { asked, said, run } = scene(null)
  await run({ names: ["b"] })
  expect(asked).toEqual([])
  expect(said).toEqual(["b completed: it was over already"])
})

test("an executor without open jobs is no failure", async () => {
  const { said, run } = scene(null)
  await run({ executors: ["local"] })
  expect(said).toEqual(["there is no job that is not over"])
})

test("nothing named is a usage error", async () => {
  const typed = program().parseAsync(["node", "hawser", "abandon"])
  await expect(typed).rejects.toMatchObject({ code: "OPTION_MISSING" })
})

const open = (count: number, configured = true) => ({
  tombstones: count === 0 ? [] : [{ executor: "hpc", open: count, since: "2031-01-01T00:00:00.000Z", configured }],
})

test("status counts tombstones, and says who looks for them", () => {
  expect(tombstoneLines(open(0))).toEqual([])
  expect(tombstoneLines(open(1))[0]).toMatch(/^hpc: 1 tombstone is open, since 2031\S+; .* when it answers$/)
  expect(tombstoneLines(open(2, false))[0]).toMatch(/^hpc: 2 tombstones are open, .* in the config$/)
})

test("recover says how many were closed, and what is still open", () => {
  expect(closedLines(open(0), open(0))).toEqual([])
  expect(closedLines(open(3), open(1))).toEqual([
    "hpc: 2 tombstones were closed: nothing of them is left",
    ...tombstoneLines(open(1)),
  ])
})

test("show tells of the tombstone, and of others of its key", () => {
  const tombstone = { since: "2031-01-01T00:00:00.000Z", settled: null, proof: null }
  const job = fakeJob({ earlier: "id-0", later: "id-2", attempts: [attemptWith(tombstone)] })
  const lines = textOf(job).split("\n")
  expect(lines).toContain(
    "tombstone:        hz0000000000000, open since 2031-01-01T00:00:00.000Z: what may be left of it is cancelled when its manager answers",
  )
  expect(lines).toContain("earlier:          id-0 had this key before")
  expect(lines).toContain("later:            id-2 has this key now")
  const settled = { ...tombstone, settled: "2031-01-02T00:00:00.000Z", proof: "queue" } as const
  expect(textOf(fakeJob({ attempts: [attemptWith(settled)] }))).toContain("closed 2031-01-02T00:00:00.000Z (queue)")
  expect(textOf(fakeJob())).not.toContain("tombstone")
})

function attemptWith(tombstone: ReturnType<typeof fakeJob>["attempts"][number]["tombstone"]) {
  return {
    number: 1,
    replacement: 0,
    token: "hz0000000000000",
    nativeId: "4711",
    submission: "accepted",
    state: "running",
    cause: null,
    exitCode: null,
    signal: null,
    host: null,
    nodes: [],
    restarts: 0,
    submitted: null,
    started: null,
    ended: null,
    resources: fakeJob().resources,
    excludeNodes: [],
    tombstone,
  } as const
}
