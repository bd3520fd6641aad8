import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { schedulerNamed, schedulers } from "../../src/schedulers/index.ts"
import { contract } from "./contract.ts"
import { resultOf, token } from "./samples.ts"
import { toy } from "./toy.ts"

contract({
  scheduler: toy,
  nativeId: "4711",
  accepted: resultOf({ stdout: "taken as 4711\n" }),
  refused: {
    transient: resultOf({ exitCode: 1, stderr: "toyd is asleep\n" }),
    rejected: resultOf({ exitCode: 2, stderr: "no such toy\n" }),
  },
  queue: () => `4711 busy ${token}-relax\n4712 busy a stranger's\nend\n`,
  down: resultOf({ exitCode: 1, stderr: "toyd is asleep\n" }),
})

test("the page on adding a scheduler shows this very dialect", () => {
  const page = readFileSync(new URL("../../docs/add-a-scheduler.md", import.meta.url), "utf8")
  const file = readFileSync(new URL("toy.ts", import.meta.url), "utf8")
  // There it stands beside the others.
  const there = file.replaceAll("../../src/schedulers/index.ts", "./scheduler.ts").replaceAll("../../src/", "../")
  expect(page).toContain(`\`\`\`ts\n${there}\`\`\``)
})

test("one line of the registry is all that it takes", () => {
  expect(schedulerNamed("toy", { ...schedulers, toy })).toBe(toy)
})
