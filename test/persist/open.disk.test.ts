import { execFileSync } from "node:child_process"
import { writeFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { type TestContext, describe, expect, test } from "vitest"
import { openStore } from "../../src/persist/index.ts"
import { systemClock } from "../../src/clock.ts"
import { freshDirectory, openAs } from "./directory.ts"
import { created, kindsOf, life } from "./life.ts"

/** A small disk of its own; skips the test where that can't be had. */
async function smallDisk(context: TestContext): Promise<{ path: string; readOnly: () => void } & Disposable> {
  const path = await freshDirectory()
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "hawser-test", path], { stdio: "pipe" })
  } catch {
    context.skip("mounting a tmpfs needs root and CAP_SYS_ADMIN")
  }
  return {
    path,
    readOnly: () => execFileSync("mount", ["-o", "remount,ro", path], { stdio: "pipe" }),
    [Symbol.dispose]: () => execFileSync("umount", ["-l", path], { stdio: "pipe" }),
  }
}

describe("a real disk", () => {
  test("that is full: appends say so, and when there is space again the store goes on", async (context) => {
    using disk = await smallDisk(context)
    const directory = join(disk.path, "state")
    const store = await openAs(1, directory)
    await store.append(life("a"))
    await writeFile(join(disk.path, "ballast"), Buffer.alloc(1 << 20)).catch(() => undefined)
    const acknowledged = ["a"]
    let failures = 0
    for (let index = 0; index < 30; index++) {
      const job = `j${index}`
      await store.append(life(job)).then(
        () => acknowledged.push(job),
        (error: unknown) => {
          failures += 1
          expect(error).toMatchObject({ code: "STORE_FULL" })
          expect(String(error)).toContain("Free some space")
        },
      )
    }
    expect(failures).toBeGreaterThan(20)
    await rm(join(disk.path, "ballast"))
    await store.append(life("b"))
    const next = await openAs(2, directory)
    expect([...next.jobs.keys()]).toEqual([...acknowledged, "b"])
    expect(kindsOf(next)).toEqual([])
    await next.close()
    await store.close()
  })

  test("that is full when a store is opened: an error, and nothing is left behind", async (context) => {
    using disk = await smallDisk(context)
    const directory = join(disk.path, "state")
    const store = await openAs(1, directory)
    await store.append(life("a"))
    await writeFile(join(disk.path, "ballast"), Buffer.alloc(1 << 20)).catch(() => undefined)
    await store.close()
    await expect(openAs(2, directory)).rejects.toMatchObject({ code: "STORE_FULL" })
    await rm(join(disk.path, "ballast"))
    const next = await openAs(3, directory)
    expect([next.epoch, next.jobs.get("a")?.state]).toEqual([2, "completed"])
    await next.close()
  })

  test("that is read-only: opening and appending say so; reading works", async (context) => {
    using disk = await smallDisk(context)
    const directory = join(disk.path, "state")
    const store = await openAs(1, directory)
    await store.append(life("a"))
    await store.close()
    disk.readOnly()
    await expect(openAs(2, directory)).rejects.toMatchObject({ code: "STORE_READ_ONLY" })
    await expect(openAs(2, join(disk.path, "new"))).rejects.toThrow(/--state/)
    const reader = await openStore(directory, { clock: systemClock, readOnly: true })
    expect(reader.jobs.get("a")?.state).toBe("completed")
    await expect(reader.append()).rejects.toMatchObject({ code: "STORE_READ_ONLY" })
  })

  test("the twin: with space, nothing of this happens", async (context) => {
    using disk = await smallDisk(context)
    const store = await openAs(1, join(disk.path, "state"))
    await store.append([created("a")])
    await store.close()
  })
})
