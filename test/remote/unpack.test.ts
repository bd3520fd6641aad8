import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { bytesOf } from "../../src/remote/filename.ts"
import { type TarMember, tarHeader, tarPadding } from "../../src/remote/tar.ts"
import { type CollectReply, type CollectRequest, isWhole, unpack } from "../../src/remote/unpack.ts"

const token = "hzabcdefghijklm"
let folder: string
let directory: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-unpack-"))
  directory = join(folder, "results")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function member(name: string, changes: Partial<TarMember> & { text?: string } = {}): Buffer {
  const body = Buffer.from(changes.text ?? "")
  const header: TarMember = { name: bytesOf(name), type: "file", mode: 0o600, size: body.length, mtime: 0, ...changes }
  return Buffer.concat([tarHeader(header), body, tarPadding(body.length)])
}

const file = (path: string, text: string, mode = 0o600) => member(`${token}/work/${path}`, { text, mode })
const link = (path: string, target: string) => member(`${token}/work/${path}`, { type: "symlink", target })
const folderAt = (path: string, mode: number) => member(`${token}/work/${path}`, { type: "directory", mode })

/** tar-stream and our packer write none: the flag is put into a header, and the sum corrected. */
function hardLink(path: string, target: string): Buffer {
  const header = link(path, target)
  header.write("1", 156)
  return withSum(header)
}

function withSum(header: Buffer): Buffer {
  header.write(" ".repeat(8), 148)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  return header
}

const end = [member(`${token}/token`), member("hz-whole"), member("hz-end")]

async function land(members: readonly Buffer[], changes: Partial<CollectRequest> = {}): Promise<CollectReply> {
  const request = { token, directory, outputs: [], expected: null, ...changes }
  const [reply] = await unpack(Readable.from([Buffer.concat([...members, ...end])]), [request])
  return reply!
}

const read = (path: string): string => readFileSync(join(directory, path), "utf8")

test("files, folders and links land with their modes, but never setuid", async () => {
  const reply = await land([
    member(`${token}/stdout`, { text: "out" }),
    folderAt("d", 0o555),
    file("d/run", "x", 0o4755),
    file("plain", "p", 0o640),
    link("l", "d/run"),
  ])
  expect(reply.files).toEqual(["stdout", "d/run", "plain", "l"])
  expect(statSync(join(directory, "d")).mode & 0o7777).toBe(0o555)
  expect(statSync(join(directory, "d/run")).mode & 0o7777).toBe(0o755)
  expect(statSync(join(directory, "plain")).mode & 0o7777).toBe(0o640)
  expect(readlinkSync(join(directory, "l"))).toBe("d/run")
  expect(readdirSync(directory).sort()).toEqual(["d", "l", "plain", "stdout"])
  chmodSync(join(directory, "d"), 0o755)
  expect(isWhole(reply)).toBe(true)
})

describe("what would leave the folder", () => {
  test.each(["../evil", "d/../../evil", "/evil", "d//evil", "./evil", "d/.."])("as %j is refused", async (path) => {
    const reply = await land([file(path, "evil"), file("good", "good")])
    expect(reply.files).toEqual(["good"])
    expect(reply.refused).toHaveLength(1)
    expect(readdirSync(folder)).toEqual(["results"])
    expect(existsSync("/evil")).toBe(false)
  })

  test("through a link of the stream is refused", async () => {
    mkdirSync(join(folder, "outside"))
    const reply = await land([link("l", "inside"), link("m", "../outside"), file("l/x", "evil"), file("m/x", "fine")])
    expect(reply.refused.map(({ path }) => path)).toEqual(["l/x"])
    // The other link was left out, so its name is free.
    expect(read("m/x")).toBe("fine")
    expect(readdirSync(join(folder, "outside"))).toEqual([])
  })

  test("through a link that stands there already is refused", async () => {
    mkdirSync(join(folder, "outside"))
    mkdirSync(directory)
    symlinkSync(join(folder, "outside"), join(directory, "log"))
    const reply = await land([folderAt("log", 0o700), file("log/x", "evil"), folderAt("log/sub", 0o700)])
    expect(reply.refused.length).toBeGreaterThan(0)
    expect(readdirSync(join(folder, "outside"))).toEqual([])
    expect(lstatSync(join(directory, "log")).isSymbolicLink()).toBe(true)
  })

  test.each(["/etc/passwd", "..", "../x", "a/../../x", "a/../b", ""])(
    "as a link to %j is left out, with a note",
    async (to) => {
      const reply = await land([link("d/l", to === "../x" ? "../../x" : to === ".." ? "../.." : to)])
      expect(reply).toMatchObject({ files: [], refused: [], missing: [] })
      expect(reply.notes).toHaveLength(1)
    },
  )

  test("as a hard link is refused, and one to a file that came is a file of its own", async () => {
    writeFileSync(join(folder, "secret"), "secret")
    const reply = await land([
      file("a", "text"),
      hardLink("b", `${token}/work/a`),
      hardLink("c", "../secret"),
      hardLink("d", `${token}/work/../../secret`),
      hardLink("e", `${token}/work/later`),
    ])
    expect(reply.files).toEqual(["a", "b"])
    expect(read("b")).toBe("text")
    expect(statSync(join(directory, "b")).nlink).toBe(1)
    expect(reply.refused.map(({ path }) => path)).toEqual(["c", "d", "e"])
  })

  test("under the token of a job that nobody asked for is passed over", async () => {
    await land([member("hzother00000000/work/x", { text: "x" }), member("../x/stdout", { text: "x" }), member("x")])
    expect(readdirSync(folder)).toEqual([])
  })

  test("into our own files is refused", async () => {
    const reply = await land([member(`${token}/stdout`, { text: "the job's" }), file("stdout", "an output")])
    expect(read("stdout")).toBe("the job's")
    expect(reply.refused.map(({ path }) => path)).toEqual(["stdout"])
    expect((await land([file(`.hawser-${token}/1`, "x")])).refused).toHaveLength(1)
    // Files of the job directory that were not asked for.
    expect((await land([member(`${token}/payload.sh`), member(`${token}/guard.0`)])).files).toEqual([])
  })
})

describe("what stands there already", () => {
  test("is replaced in one step, whatever its mode, and a link is not followed", async () => {
    mkdirSync(directory)
    writeFileSync(join(directory, "a"), "old", { mode: 0o400 })
    writeFileSync(join(folder, "elsewhere"), "untouched")
    symlinkSync("../elsewhere", join(directory, "b"))
    await land([file("a", "new"), file("b", "new")])
    expect([read("a"), read("b")]).toEqual(["new", "new"])
    expect(readFileSync(join(folder, "elsewhere"), "utf8")).toBe("untouched")
  })

  test("as a folder is not replaced by a file", async () => {
    mkdirSync(join(directory, "a"), { recursive: true })
    writeFileSync(join(directory, "a/mine"), "mine")
    const reply = await land([file("a", "new"), file("b", "new")])
    expect(reply).toMatchObject({ files: ["b"], refused: [{ path: "a" }], failure: null })
    expect(read("a/mine")).toBe("mine")
  })

  test("as a file is not replaced by a folder", async () => {
    mkdirSync(directory)
    writeFileSync(join(directory, "a"), "mine")
    const reply = await land([folderAt("a", 0o700), file("a/b", "new")])
    expect(reply.refused.map(({ path }) => path)).toContain("a/b")
    expect(read("a")).toBe("mine")
  })

  test("as a folder keeps its mode", async () => {
    mkdirSync(join(directory, "d"), { recursive: true })
    chmodSync(join(directory, "d"), 0o755)
    await land([folderAt("d", 0o700), file("d/x", "x")])
    expect(statSync(join(directory, "d")).mode & 0o777).toBe(0o755)
  })

  test("of a crash is removed", async () => {
    mkdirSync(join(directory, `.hawser-${token}/sub`), { recursive: true })
    writeFileSync(join(directory, `.hawser-${token}/1`), "half")
    await land([file("a", "new")])
    expect(readdirSync(directory)).toEqual(["a"])
  })
})

describe("the wrapper's list", () => {
  const expected = [
    { path: "a", size: 3 },
    { path: "é\n", size: 1 },
    { path: "d", size: 0 },
    { path: "l", size: 0 },
  ]

  test("is fulfilled", async () => {
    const members = [file("a", "abc"), file("é\n", "x"), folderAt("d", 0o700), link("l", "/etc")]
    const reply = await land(members, { expected })
    expect(reply).toMatchObject({ missing: [], mismatched: [] })
    expect(isWhole(reply)).toBe(true)
  })

  test("shows what is missing and what has another size", async () => {
    const reply = await land([file("a", "ab"), file("more", "x")], { expected })
    expect(reply.missing).toEqual(["é\n", "d", "l"])
    expect(reply.mismatched).toEqual([{ path: "a", expected: 3, actual: 2 }])
    expect(isWhole(reply)).toBe(false)
  })
})

test("a pattern without a match is a note", async () => {
  const reply = await land([file("d/a.out", "x")], { outputs: ["**/*.out", "*.log", "d"] })
  expect(reply.notes).toEqual(["no output matches *.log", "no output matches d"])
})

test("tar's complaint makes unsteady what came before it, and nothing else", async () => {
  const other = "hzother00000000"
  const stream = [
    file("a", "a"),
    member(`${token}/token`),
    member("hz-whole"),
    member(`${other}/work/a`, { text: "x" }),
    member("hz-part"),
    member(`${other}/token`),
    member("hz-whole"),
    member("hz-end"),
  ]
  const requests = [token, other].map((name) => ({
    token: name,
    directory: join(folder, name),
    outputs: [],
    expected: null,
  }))
  const replies = await unpack(Readable.from([Buffer.concat(stream)]), requests)
  expect(replies.map(({ unsteady }) => unsteady)).toEqual([false, true])
})

test("a folder that can't be written is the failure of its job alone", async () => {
  const other = "hzother00000000"
  writeFileSync(join(folder, "file"), "")
  const requests = [
    { token, directory: join(folder, "file/below"), outputs: [], expected: null },
    { token: other, directory: join(folder, "fine"), outputs: [], expected: null },
  ]
  const stream = [
    file("a", "x".repeat(5000)),
    member(`${other}/work/a`, { text: "x" }),
    member(`${other}/token`),
    ...end,
  ]
  const replies = await unpack(Readable.from([Buffer.concat(stream)]), requests)
  expect(replies[0]?.failure).toMatchObject({ code: "LOCAL_WRITE_FAILED" })
  expect(replies[1]).toMatchObject({ failure: null, files: ["a"] })
})

test("a stream that is cut anywhere is an error, and leaves whole files or none", async () => {
  const stream = Buffer.concat([file("a", "a".repeat(700)), link("l", "a"), file("b", "b".repeat(1500)), ...end])
  const request = { token, directory, outputs: [], expected: null }
  for (let size = 0; size < stream.length; size += 97) {
    const cut = unpack(Readable.from([stream.subarray(0, size)]), [request])
    await expect(cut).rejects.toMatchObject({ code: "COLLECT_CUT", class: "transient" })
    const names = existsSync(directory) ? readdirSync(directory) : []
    expect(names.filter((name) => name.startsWith("."))).toEqual([])
    for (const name of names) expect(read(name)).toBe(name === "b" ? "b".repeat(1500) : "a".repeat(700))
    rmSync(directory, { recursive: true, force: true })
  }
  expect(await land([])).toMatchObject({ present: true })
})

test("a stream that fails, or is no tar stream, is an error", async () => {
  const request = { token, directory, outputs: [], expected: null }
  const failing = Readable.from(
    (async function* () {
      yield file("a", "text").subarray(0, 700)
      throw new Error("connection lost")
    })(),
  )
  await expect(unpack(failing, [request])).rejects.toMatchObject({ code: "COLLECT_CUT" })
  const noise = Readable.from([Buffer.from("Welcome to the cluster!\n".repeat(100))])
  await expect(unpack(noise, [request])).rejects.toMatchObject({ code: "COLLECT_CUT" })
})

test("the way in which the bytes arrive does not matter", async () => {
  const stream = Buffer.concat([file("a", "x".repeat(1000)), file("n".repeat(200), "long"), ...end])
  for (const size of [1, 7, 511, 512, 513, 4096]) {
    const parts = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
      stream.subarray(index * size, (index + 1) * size),
    )
    const [reply] = await unpack(Readable.from(parts), [{ token, directory, outputs: [], expected: null }])
    expect(reply?.files).toEqual(["a", "n".repeat(200)])
  }
})
