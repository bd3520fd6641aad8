import { spawn } from "node:child_process"
import { once } from "node:events"
import { describe, expect, test } from "vitest"
import { systemHost } from "../../src/persist/index.ts"
import { type Host, type Process, judge, startTimeIn } from "../../src/persist/host.ts"

const here: Process = {
  pid: 10,
  startTime: "500",
  host: "laptop",
  machineId: "m1",
  bootId: "b1",
  pidNamespace: "pid:[4026531836]",
}
const inContainer = "pid:[4026532201]"

function hostWith(running: Record<number, string>, self: Partial<Process> = {}): Host {
  return {
    self: () => Promise.resolve({ ...here, ...self }),
    startTimeOf: (pid) => Promise.resolve(running[pid] ?? null),
  }
}

describe("whether another process still runs", () => {
  const lives: [string, Partial<Process>, Partial<Process>, Record<number, string>, string][] = [
    ["same boot, same pid, same start", { pid: 7 }, {}, { 7: "500" }, "live"],
    ["same boot, no such pid", { pid: 7 }, {}, {}, "dead"],
    ["same boot, the pid was used again", { pid: 7 }, {}, { 7: "900" }, "dead"],
    ["same boot, its start was never known", { pid: 7, startTime: null }, {}, { 7: "500" }, "dead"],
    ["same boot, another container", { pid: 7, pidNamespace: inContainer }, {}, { 7: "500" }, "elsewhere"],
    ["same machine, another boot", { bootId: "b0" }, {}, { 10: "500" }, "dead"],
    [
      "another boot, and no machine id to compare",
      { bootId: "b0", machineId: null },
      { machineId: null },
      {},
      "elsewhere",
    ],
    ["another boot, another machine", { bootId: "b0", machineId: "m2" }, {}, {}, "elsewhere"],
    ["another boot, cloned machines with one id", { bootId: "b0", host: "node2" }, {}, {}, "elsewhere"],
    [
      "another boot, in containers with a baked-in id",
      { bootId: "b0", pidNamespace: inContainer },
      {},
      {},
      "elsewhere",
    ],
    ["nothing is known of its boot", { bootId: null }, {}, {}, "elsewhere"],
  ]
  test.each(lives)("%s", async (_, theirs, ours, running, verdict) => {
    expect(await judge(hostWith(running, ours), { ...here, ...theirs })).toBe(verdict)
  })
})

describe("this host", () => {
  test("knows when a process started, and that it has ended", async () => {
    const child = spawn("sleep", ["60"])
    const pid = child.pid ?? 0
    expect(await systemHost.startTimeOf(pid)).toMatch(/./)
    expect(await judge(systemHost, await systemHost.self())).toBe("live")
    const ended = once(child, "exit")
    child.kill("SIGKILL")
    await ended
    expect(await systemHost.startTimeOf(pid)).toBeNull()
  })

  test("reads the start time behind a name of any kind, and none of the dead", () => {
    const fields = Array.from({ length: 40 }, (_, index) => String(index + 4)).join(" ")
    expect(startTimeIn(`123 (a) S 1) S ${fields}`)).toBe("22")
    expect(startTimeIn(`123 (node) Z ${fields}`)).toBeNull()
  })
})
