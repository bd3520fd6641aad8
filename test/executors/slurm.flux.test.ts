/** Flux behind the executor for managers that count resources themselves, over a fake flux with real processes. */
import { readlinkSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"
import { isShown } from "../../src/executors/visibility.ts"
import { flux } from "../../src/schedulers/flux/index.ts"
import { ended, submit, when } from "../support/stand.ts"
import { until } from "./bench.ts"
import { dialect, executorContract, onBench } from "./contract.ts"

const subject = dialect("flux", flux, {
  "what is suspended while it runs goes on when it is resumed": "Flux suspends nothing",
  "what the manager suspends is suspended, and goes on": "Flux suspends nothing",
  "out of memory: failed with cause out-of-memory": "Flux does not watch memory; the kernel's KILL is a signal",
  "preempted: failed with cause preempted": "Flux preempts nothing by itself",
})

executorContract(subject)

test.each([
  ["knows its id from Flux 0.71 on", false],
  ["does not know its id before Flux 0.71, and is left alone all the same", true],
])("several tasks are an instance of their own: the script runs once, and %s", async (_, isOld) => {
  await onBench(subject, async (bench) => {
    if (isOld) writeFileSync(bench.stand.path("cluster", "old"), "")
    // Until one has shown that guards are seen, the records of what runs are read.
    bench.stand.isUnshown = true
    const fleet = await bench.fleet()
    const spec = { command: bench.waiting("a"), launcher: "none", resources: { tasks: 4 } }
    const { id } = await submit(fleet, spec)
    const job = await when(fleet, id, ({ state }) => state === "running")
    await until(() => isShown(fleet.parts.store, "fake"))
    const { directory, nativeId } = job.attempts[0] ?? {}
    const before = bench.cluster.calls("list")
    await until(() => bench.cluster.calls("list") > before + 4)
    expect(readlinkSync(`${directory}/guard.0`)).toMatch(new RegExp(`^native:${isOld ? "-" : nativeId}:0:`))
    expect(bench.cluster.calls("cancel")).toBe(0)
    bench.go()
    expect(await ended(fleet, job)).toMatchObject({ state: "completed", nativeId, attempt: 1 })
    expect(bench.stand.ran).toEqual(["a"])
    expect(bench.cluster.natives().map((native) => native.id)).toEqual([nativeId])
  })
})

test("one task knows its id as Flux tells it to us, in decimal", async () => {
  await onBench(subject, async (bench) => {
    const job = await bench.running(await bench.fleet())
    expect(job.native.nativeId).toMatch(/^\d+$/)
    expect(readlinkSync(`${job.native.directory}/guard.0`)).toMatch(new RegExp(`^native:${job.native.nativeId}:0:`))
  })
})
