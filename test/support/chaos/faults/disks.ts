/** The file system with the job directories is full for a while, or can't be written. */
import { execFile } from "node:child_process"
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { createWriteStream } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { promisify } from "node:util"
import type { Fault, Place, Scene, Setting } from "../fault.ts"

const run = promisify(execFile)

/** What had been taken by the manager and started while there was no way to write a guard was never run, and says so. */
const expected = { healths: ["degraded", "unreachable"], ends: ["completed", "failed/launch"] }

export const diskFull: Fault = {
  name: "disk-full",
  title: "the job directories stand on a tmpfs of 4 MB, which fills up for 2 to 8 s",
  rounds: 20,
  short: 8,
  prepare: smallDisk,
  job: () => ({ body: "sleep 1\n" }),
  strike: async (scene) => {
    await scene.moment()
    const filler = join(rootOf(scene), "filler")
    try {
      const zeros = Readable.from(Array.from({ length: 5_120 }, () => Buffer.alloc(1_024)))
      const error: unknown = await pipeline(zeros, createWriteStream(filler)).catch((full: unknown) => full)
      await scene.strike(`disk full (${String(error)})`)
      await scene.pause(scene.dice.between(2_000, 8_000))
    } finally {
      await rm(filler, { force: true })
    }
  },
  expected,
}

export const diskReadOnly: Fault = {
  name: "disk-read-only",
  title: "the file system of the job directories becomes read-only for 2 to 8 s",
  rounds: 20,
  short: 8,
  prepare: smallDisk,
  job: () => ({ body: "sleep 1\n" }),
  strike: async (scene) => {
    await scene.moment()
    const mend = await makeReadOnly(scene)
    try {
      await scene.pause(scene.dice.between(2_000, 8_000))
    } finally {
      await mend()
    }
  },
  expected,
}

/** Resolves with what undoes it. */
async function makeReadOnly(scene: Scene): Promise<() => Promise<unknown>> {
  const root = rootOf(scene)
  try {
    await run("mount", ["-o", "remount,ro", root])
    await scene.strike("read-only")
    return async () => run("mount", ["-o", "remount,rw", root])
  } catch (error) {
    // A payload that runs keeps its stdout open for writing. It goes on; for everybody who opens something from now on
    // the same file system stands there again, read-only.
    await cover(root)
    await scene.strike(`read-only for what is opened from now on (${String(error).split("\n")[1] ?? ""})`)
    return async () => run("umount", ["-l", root])
  }
}

/** It takes two calls, and between them somebody may open a file for writing: then the second one is refused. */
async function cover(root: string): Promise<void> {
  for (let triesLeft = 20; ; triesLeft -= 1) {
    await run("mount", ["--bind", root, root])
    try {
      await run("mount", ["-o", "bind,remount,ro", root])
      return
    } catch (error) {
      await run("umount", ["-l", root])
      if (triesLeft === 0) throw error
    }
  }
}

async function smallDisk({ target }: Place): Promise<Setting> {
  const root = await mkdtemp(join(tmpdir(), "hawser-disk-"))
  await chmod(root, 0o755)
  await run("mount", ["-t", "tmpfs", "-o", `size=4m,mode=700,uid=${await uidOf(target.user)}`, "tmpfs", root])
  return {
    executor: [`root: ${root}/hawser`],
    undo: async () => {
      await run("umount", ["-l", root])
      await rm(root, { recursive: true })
    },
  }
}

async function uidOf(user: string): Promise<string> {
  return (await run("id", ["-u", user])).stdout.trim()
}

function rootOf({ setting }: Scene): string {
  const line = setting.executor?.find((text) => text.startsWith("root: ")) ?? ""
  return join(line.slice("root: ".length), "..")
}
