import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { placeSocket, socketCandidates, socketPathBytesMax } from "../../src/control/place.ts"

let folder: string
let runtime: string
const uid = process.getuid?.() ?? 0

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hz-"))
  runtime = join(folder, "run")
  mkdirSync(runtime, { mode: 0o700 })
})
afterEach(() => rmSync(folder, { recursive: true }))

const options = (): { env: NodeJS.ProcessEnv; fallback: string } => ({
  env: { XDG_RUNTIME_DIR: runtime },
  fallback: folder,
})

test("it stands in the runtime directory, under a name of the state directory", () => {
  const path = placeSocket("/work/a", options())
  expect(dirname(path)).toBe(join(runtime, "hawser"))
  expect(placeSocket("/work/a", options())).toBe(path)
  expect(placeSocket("/work/b", options())).not.toBe(path)
  expect(socketCandidates("/work/a", options())).toEqual([path])
})

test.each<[string, () => NodeJS.ProcessEnv]>([
  ["is not set", () => ({})],
  ["is empty", () => ({ XDG_RUNTIME_DIR: "" })],
  ["is relative", () => ({ XDG_RUNTIME_DIR: "run" })],
  ["is not there", () => ({ XDG_RUNTIME_DIR: join(folder, "none") })],
  ["is a file", () => (writeFileSync(join(folder, "file"), ""), { XDG_RUNTIME_DIR: join(folder, "file") })],
  ["is open to others", () => (chmodSync(runtime, 0o777), { XDG_RUNTIME_DIR: runtime })],
  [
    "makes the path too long",
    () => {
      const long = join(folder, "x".repeat(socketPathBytesMax))
      mkdirSync(long, { mode: 0o700 })
      return { XDG_RUNTIME_DIR: long }
    },
  ],
])("a runtime directory that %s is left alone: it stands in hawser-UID", (_why, env) => {
  const path = placeSocket("/work/a", { env: env(), fallback: folder })
  expect(dirname(path)).toBe(join(folder, `hawser-${uid}`))
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  expect(socketCandidates("/work/a", { env: {}, fallback: folder })).toEqual([path])
})

test.each<[string, RegExp, (own: string) => void]>([
  ["a link", /symbolic link/, (own) => symlinkSync(runtime, own)],
  ["a file", /not a directory/, (own) => writeFileSync(own, "")],
  ["open to others", /0755/, (own) => (mkdirSync(own), chmodSync(own, 0o755))],
])("a directory of ours that is %s is refused, and nobody connects there", (_what, why, make) => {
  make(join(runtime, "hawser"))
  expect(() => placeSocket("/work/a", options())).toThrow(
    expect.objectContaining({ code: "RUNTIME_DIRECTORY_UNSAFE", reason: expect.stringMatching(why) }),
  )
  expect(socketCandidates("/work/a", options())).toEqual([])
})

// Only root can make what belongs to somebody else.
test.skipIf(uid !== 0)("one that belongs to somebody else is refused, and nobody connects there", async () => {
  const { chownSync } = await import("node:fs")
  mkdirSync(join(runtime, "hawser"), { mode: 0o700 })
  chownSync(join(runtime, "hawser"), 12_345, 12_345)
  expect(() => placeSocket("/work/a", options())).toThrow(
    expect.objectContaining({ code: "RUNTIME_DIRECTORY_UNSAFE", reason: expect.stringMatching(/user 12345/) }),
  )
  expect(socketCandidates("/work/a", options())).toEqual([])
})

test("where even the short place is too long, the error says so", () => {
  const fallback = join(folder, "y".repeat(socketPathBytesMax))
  expect(() => placeSocket("/work/a", { env: {}, fallback })).toThrow(
    expect.objectContaining({ code: "SOCKET_PATH_TOO_LONG", name: "UsageError" }),
  )
})
