import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test, vi } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { localTransport } from "../../src/transport/local.ts"
import { openSession } from "../../src/transport/session.ts"
import { shells } from "../support/shells.ts"
import { raw, transportContract } from "./contract.ts"

for (const { name, argv, isThere } of shells) {
  describe.skipIf(!isThere)(
    isThere ? "this machine" : `this machine (skipped: no ${name})`,
    { concurrent: true },
    () => {
      transportContract(name, () => localTransport(systemClock, argv), { concurrent: true })
    },
  )
}

test("a local shell gets the user's surroundings and nothing of the controller's own", async () => {
  vi.stubEnv("HAWSER_SECRET", "x")
  vi.stubEnv("LC_TIME", "C")
  await using session = await openSession(localTransport(systemClock), { clock: systemClock, prelude: "" })
  const { stdout } = await session.ask(raw(["env"]))
  const names = stdout.split("\n").map((line) => line.split("=")[0])
  expect(names).toContain("LC_TIME")
  expect(names).toContain("PATH")
  expect(names).not.toContain("HAWSER_SECRET")
  expect(names).not.toContain("NODE_ENV")
})

test("a watched folder tells of each name that comes up, and of none that goes away", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-watch-"))
  const names: string[] = []
  const stop = localTransport(systemClock).watch?.(folder, (name) => names.push(name))
  writeFileSync(join(folder, "a"), "")
  await vi.waitFor(() => expect(names).toContain("a"))
  names.length = 0
  rmSync(join(folder, "a"))
  writeFileSync(join(folder, "b"), "")
  await vi.waitFor(() => expect(names).toContain("b"))
  expect(names).not.toContain("a")
  stop?.()
  rmSync(folder, { recursive: true })
})

test("a folder that is not there is not watched, and that is no error", () => {
  expect(() => localTransport(systemClock).watch?.("/nonexistent", () => undefined)()).not.toThrow()
})

test("a shell that is not there is an error of its own", async () => {
  const transport = localTransport(systemClock, ["/nonexistent/sh"])
  await expect(openSession(transport, { clock: systemClock, prelude: "" })).rejects.toMatchObject({
    code: "SPAWN_FAILED",
  })
})
