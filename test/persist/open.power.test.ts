/** What an owner builds on survives a power failure, also where another one was killed before its fsync. */
import { expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { type Files, type Host, openStore } from "../../src/persist/index.ts"
import { Dice } from "../../src/testing/dice.ts"
import { Disk } from "../../src/testing/disk.ts"
import { Life } from "../../src/testing/life.ts"
import { Timeline } from "../../src/testing/timeline.ts"
import { life } from "./life.ts"

const host: Host = {
  self: () =>
    Promise.resolve({
      pid: 1,
      startTime: "1",
      host: "h",
      machineId: "m",
      bootId: "b",
      pidNamespace: "pid:[4026531836]",
    }),
  startTimeOf: () => Promise.resolve(null),
}

interface Machine {
  readonly disk: Disk
  /** As one process sees it, which dies at that fsync. */
  readonly files: (dieAt?: number) => Files
  /** The so manieth call of the disk from now on fails. */
  readonly failAt: (call: number) => void
}

function diskOf(seed: number): Machine {
  let untilFailure = Number.POSITIVE_INFINITY
  const fault = (): string | null => ((untilFailure -= 1) === 0 ? "EIO" : null)
  const disk = new Disk({ syncMs: () => 0, sleep: () => Promise.resolve(), fault })
  let syncs = 0
  return {
    disk,
    failAt: (call) => {
      untilFailure = call
    },
    files: (dieAt) =>
      disk.files(
        new Life({
          id: 1,
          timeline: new Timeline(),
          dice: new Dice(seed),
          epochMs: 0,
          onStep: (_life, { what, when }) => {
            if (what === "disk sync" && when === "before") syncs += 1
            return syncs === dieAt ? "die" : "live"
          },
        }),
      ),
  }
}

test.each(Array.from({ length: 20 }, (_, seed) => seed))("power failure %i", async (seed) => {
  const { disk, files } = diskOf(seed)
  const open = async (dieAt?: number): ReturnType<typeof openStore> =>
    openStore("/state", { clock: systemClock, files: files(dieAt), host })
  // Claim, lease, header, opened; the fifth fsync would be that of the job.
  const first = await open(5)
  void first.append(life("a"))
  await new Promise((resolve) => setTimeout(resolve, 5))
  const second = await open()
  expect([...second.jobs.keys()]).toEqual(["a"])
  await second.append(life("b"))
  disk.loseUnsynced(new Dice(seed))
  const third = await open()
  expect([...third.jobs.keys()]).toEqual(["a", "b"])
  expect(third.findings).toEqual([])
})

/** Calls of the disk while a directory is taken over; more than there are. */
const takeOverCallsMax = 40

test.each(Array.from({ length: 6 }, (_, seed) => seed))(
  "a take-over that fails at any call takes nothing from the owner that goes on, power failure %i",
  async (seed) => {
    for (let call = 1; call <= takeOverCallsMax; call += 1) {
      const { disk, files, failAt } = diskOf(seed)
      const open = async (takeOver: boolean): ReturnType<typeof openStore> =>
        openStore("/state", { clock: systemClock, files: files(), host, takeOver })
      const owner = await open(false)
      await owner.append(life("a"))
      failAt(call)
      const other = await open(true).catch(() => null)
      failAt(Number.POSITIVE_INFINITY)
      const acknowledged = await owner.append(life("b")).then(
        () => ["a", "b"],
        () => ["a"],
      )
      // The twin: where the take-over came off, the old owner acknowledges nothing.
      if (other !== null) expect(acknowledged, `call ${call}`).toEqual(["a"])
      disk.loseUnsynced(new Dice(seed))
      const last = await open(true)
      expect([...last.jobs.keys()], `call ${call}`).toEqual(expect.arrayContaining(acknowledged))
    }
  },
)
