import { expect, test } from "vitest"
import { chooseSlots, hostsOf } from "../../src/executors/slots.ts"
import { type Resources, noResources } from "../../src/job/resources.ts"
import { specOf } from "../support/jobs.ts"

const hosts = [
  { host: "a", slots: 4 },
  { host: "b", slots: 4 },
  { host: "c", slots: 2 },
]

/** `a:2 b:1` of what is chosen, else the reason; slots in `taken` are another job's. */
function chosen(resources: Partial<Resources>, taken: readonly number[] = [], oversubscribe = false): string {
  const asked = { ...noResources, ...resources }
  const choice = chooseSlots(hosts, new Set(taken), asked, oversubscribe)
  if (choice.kind !== "slots") return `${choice.kind}: ${choice.reason}`
  const places = hostsOf(hosts, choice.slots, specOf({}, resources))
  return places.map(({ host, slots }) => `${host}:${slots}`).join(" ")
}

test.each<[string, Partial<Resources>, readonly number[], string]>([
  ["one task goes where least is left over", { tasks: 1 }, [], "c:1"],
  ["what fits on one host stays on one", { tasks: 3 }, [], "a:3"],
  ["of two that hold it, the one with less to spare", { tasks: 2 }, [0, 1, 8], "a:2"],
  ["what fits on none is spread over as few as possible", { tasks: 7 }, [], "a:4 b:3"],
  ["all there is", { tasks: 10 }, [], "a:4 b:4 c:2"],
  ["hosts that were asked for", { nodes: 2, tasksPerNode: 2 }, [], "a:2 c:2"],
  ["tasks over hosts, each with enough for an even spread", { nodes: 2, tasks: 5 }, [], "a:3 b:3"],
  ["hosts by the tasks on each", { tasks: 6, tasksPerNode: 3 }, [], "a:3 b:3"],
  ["processes with several cores", { tasks: 4, cpusPerTask: 2 }, [], "a:2 b:2"],
  ["a core that is left over alone is nothing to a process with two", { tasks: 3, cpusPerTask: 2 }, [0, 8], "a:1 b:2"],
  ["alone on its host, it has all of it", { tasks: 1, exclusive: true }, [0, 8], "b:4"],
  ["it waits where others have the slots", { tasks: 7 }, [0, 1, 2, 3], "waiting: It waits for 7 of 10 slots."],
  [
    "hosts with others on them are none for a job alone",
    { nodes: 3, exclusive: true },
    [0],
    "waiting: It waits for 3 of 10 slots.",
  ],
  [
    "more than there is is never there",
    { tasks: 11 },
    [],
    "impossible: It asks for 11 slots, and the hosts have a:4, b:4, c:2.",
  ],
  [
    "nor are more hosts than there are with so many each",
    { nodes: 3, tasksPerNode: 3 },
    [],
    "impossible: It asks for 3 hosts with 3 slots each, and the hosts have a:4, b:4, c:2.",
  ],
  [
    "nor are cores of two hosts for one process",
    { tasks: 1, cpusPerTask: 5 },
    [],
    "impossible: It asks for 5 slots, 5 of one host for each process, and the hosts have a:4, b:4, c:2.",
  ],
])("%s", (_, resources, taken, places) => {
  expect(chosen(resources, taken)).toBe(places)
})

test("with oversubscribe a job gets what there is", () => {
  expect(chosen({ tasks: 64 }, [], true)).toBe("a:4 b:4 c:2")
  expect(chosen({ nodes: 3, tasksPerNode: 8 }, [], true)).toBe("a:2 b:2 c:2")
  expect(chosen({ tasks: 64 }, [9], true)).toBe("waiting: It waits for 10 of 10 slots.")
})
