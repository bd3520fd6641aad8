import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { finished } from "node:stream/promises"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { checkInputs, packJobs } from "../../src/remote/pack.ts"
import { readTar } from "../../src/remote/untar.ts"
import { tars } from "../support/staging-shells.ts"
import { pictureOf, plantZoo } from "../support/zoo.ts"

const token = "hzabcdefghijklm"
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-pack-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const pack = (inputs: { from: string; to: string }[]) =>
  packJobs([{ token, files: [], inputs }], { nonce: "n", programs: [], now: 0 })

interface Member {
  readonly type: string
  readonly mode: number
  readonly target: string
  readonly text: string
}

/** The working directory as the stream tells of it. */
async function packed(inputs: { from: string; to: string }[]): Promise<Record<string, Member>> {
  const members: Record<string, Member> = {}
  await readTar(pack(inputs), async ({ name, type, mode, target }, body) => {
    let text = ""
    for await (const part of body) text += part.toString("latin1")
    const path = name.replace(/\/$/, "")
    if (path.startsWith(`${token}/work/`)) members[path.slice(token.length + 6)] = { type, mode, target, text }
  })
  return members
}

test.each(tars)("$name unpacks every kind of name, mode and link", async (tar) => {
  plantZoo(join(folder, "zoo"))
  const parts: Buffer[] = []
  for await (const part of pack([{ from: join(folder, "zoo"), to: "zoo" }])) parts.push(part as Buffer)
  mkdirSync(join(folder, "there"))
  const path = tar.folder === null ? process.env["PATH"] : `${tar.folder}:${process.env["PATH"]}`
  const options = { cwd: join(folder, "there"), input: Buffer.concat(parts), env: { PATH: path, LC_ALL: "C" } }
  expect(spawnSync("sh", ["-c", "umask 0; tar -xpof -"], options)).toMatchObject({ status: 0 })
  expect(pictureOf(join(folder, "there", token, "work/zoo"))).toEqual(pictureOf(join(folder, "zoo")))
})

describe("inputs", () => {
  test("go to their place, a folder with what it holds", async () => {
    mkdirSync(join(folder, "d/sub"), { recursive: true })
    writeFileSync(join(folder, "d/sub/x"), "x")
    writeFileSync(join(folder, "f"), "f")
    const inputs = [
      { from: join(folder, "d"), to: "./a//b" },
      { from: join(folder, "f"), to: "." },
      { from: join(folder, "d/sub"), to: "." },
    ]
    expect(Object.keys(await packed(inputs))).toEqual(["a", "a/b", "a/b/sub", "a/b/sub/x", "f", "x"])
    expect(await checkInputs({ inputs })).toEqual([])
  })

  test("that are links are followed; inside, links that stay are kept", async () => {
    mkdirSync(join(folder, "real/sub"), { recursive: true })
    writeFileSync(join(folder, "real/x"), "inside")
    writeFileSync(join(folder, "outside"), "outside")
    symlinkSync("real", join(folder, "top"))
    symlinkSync("../x", join(folder, "real/sub/relative"))
    symlinkSync(join(folder, "real/x"), join(folder, "real/sub/absolute"))
    symlinkSync(join(folder, "top/x"), join(folder, "real/through"))
    symlinkSync("../outside", join(folder, "real/out"))
    symlinkSync("nowhere", join(folder, "real/dead"))
    const members = await packed([{ from: join(folder, "top"), to: "in" }])
    expect(members["in/sub/relative"]).toMatchObject({ type: "symlink", target: "../x" })
    expect(members["in/sub/absolute"]).toMatchObject({ type: "symlink", target: "../x" })
    expect(members["in/through"]).toMatchObject({ type: "symlink", target: "x" })
    expect(members["in/out"]).toMatchObject({ type: "file", text: "outside" })
    expect(members["in/dead"]).toMatchObject({ type: "symlink", target: "nowhere" })
  })

  test("never carry setuid, and folders can be written to by their owner", async () => {
    mkdirSync(join(folder, "d"))
    writeFileSync(join(folder, "d/x"), "")
    chmodSync(join(folder, "d/x"), 0o6755)
    chmodSync(join(folder, "d"), 0o555)
    const members = await packed([{ from: join(folder, "d"), to: "d" }])
    expect(members["d/x"]?.mode).toBe(0o755)
    expect(members["d"]?.mode).toBe(0o755)
    chmodSync(join(folder, "d"), 0o755)
  })

  test.each([
    ["grows", (path: string) => appendFileSync(path, "more")],
    ["shrinks", (path: string) => truncateSync(path, 1000)],
  ])("one that %s while it is read is an error that names it", async (_title, change) => {
    const path = join(folder, "big")
    writeFileSync(path, Buffer.alloc(3_000_000, 1))
    const read = async () => {
      let isFirst = true
      const stream = pack([{ from: path, to: "big" }])
      stream.on("data", () => {
        if (isFirst) change(path)
        isFirst = false
      })
      await finished(stream)
    }
    await expect(read()).rejects.toMatchObject({ code: "INPUT_CHANGED", class: "transient", token, path })
  })

  test("are not read ahead of who reads the stream", async () => {
    writeFileSync(join(folder, "big"), Buffer.alloc(20_000_000))
    const stream = pack([{ from: join(folder, "big"), to: "big" }])
    await new Promise((resolve) => stream.once("readable", resolve))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(stream.readableLength).toBeLessThan(2_000_000)
    stream.destroy()
  })
})

describe("checkInputs", () => {
  test("names what is missing, what is no file, and what leaves the working directory", async () => {
    spawnSync("mkfifo", [join(folder, "pipe")])
    mkdirSync(join(folder, "loop"))
    symlinkSync("..", join(folder, "loop/up"))
    const from = (name: string) => join(folder, name)
    const problems = await checkInputs({
      inputs: [
        { from: from("gone"), to: "a" },
        { from: from("pipe"), to: "b" },
        { from: from("loop"), to: "c" },
        { from: folder, to: "../d" },
      ],
    })
    expect(problems).toEqual([
      `The input ${from("gone")} does not exist.`,
      `The input ${from("pipe")} is neither a file, a folder nor a link.`,
      expect.stringContaining("is a link to a folder that it stands in"),
      expect.stringContaining("is neither a file, a folder nor a link"),
      `The input ${folder} goes to ../d, which is outside of the working directory.`,
    ])
  })

  test("notices two files for one place", async () => {
    writeFileSync(join(folder, "a"), "")
    writeFileSync(join(folder, "b"), "")
    const inputs = ["a", "b"].map((name) => ({ from: join(folder, name), to: "x" }))
    expect(await checkInputs({ inputs })).toEqual([expect.stringContaining("both have the same place")])
  })
})
