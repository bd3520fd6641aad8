/** Flux behind the executor for managers that count resources themselves, over a fake flux with real processes. */
import { readlinkSync } from "node:fs"
import { expect, test } from "vitest"
import { flux } from "../../src/schedulers/flux/index.ts"
import { ended, submit } from "../support/stand.ts"
import { dialect, executorContract, onBench } from "./contract.ts"

const subject = dialect("flux", flux, {
  "what is suspended while it runs goes on when it is resumed": "Flux suspends nothing",
  "what the manager suspends is suspended, and goes on": "Flux suspends nothing",
  "out of memory: failed with cause out-of-memory": "Flux does not watch memory; the kernel's KILL is a signal",
  "preempted: failed with cause preempted": "Flux preempts nothing by itself",
})

executorContract(subject)

test("several tasks are an instance of their own: the script runs once, and its record does not know its id", async () => {
  await onBench(subject, async (bench) => {
    const fleet = await bench.fleet()
    const spec = { command: bench.script("a", "exit 7"), launcher: "none", resources: { tasks: 4 } }
    const job = await submit(fleet, spec)
    expect(await ended(fleet, job)).toMatchObject({ state: "failed", cause: "exit", exitCode: 7, attempt: 1 })
    expect(bench.stand.ran).toEqual(["a"])
    expect(bench.cluster.natives().map(({ id }) => id)).toEqual([fleet.job(job.id).attempts[0]?.nativeId])
  })
})

test("one task knows its id as Flux tells it to us, in decimal", async () => {
  await onBench(subject, async (bench) => {
    const job = await bench.running(await bench.fleet())
    expect(job.native.nativeId).toMatch(/^\d+$/)
    expect(readlinkSync(`${job.native.directory}/guard.0`)).toMatch(new RegExp(`^native:${job.native.nativeId}:0:`))
  })
})
