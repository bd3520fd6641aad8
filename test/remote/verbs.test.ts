import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { hostname, userInfo } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { verbExit } from "../../src/remote/answer.ts"
import type { Place } from "../../src/remote/layout.ts"
import { clearHints, fence, hello, listHints, remove, tail, takeOwner } from "../../src/remote/verbs.ts"
import { Home, startVerb, verb, verbResult } from "../support/remote.ts"
import { shells } from "../support/shells.ts"

const token = "hzverbs00000001"
const other = "hzverbs00000002"

describe.each(shells)("the verbs, under $name", (shell) => {
  const placeOf = (home: Home, owner = 1): Place => ({ home: home.path, owner })
  const own = (home: Home, owner: number) => symlinkSync("nonce", join(home.path, `owner.${owner}`))

  describe("hello", () => {
    test("makes our home, for us alone, and says where we are", () => {
      using home = new Home()
      const before = Date.now()
      const facts = verb(shell, hello("~/a root/", "state-1"), { HOME: home.path })
      const after = Date.now()
      const path = `${realpathSync(home.path)}/a root/state-1`
      expect(facts).toMatchObject({ home: path, hostname: hostname(), user: userInfo().username, owner: 0 })
      expect(facts.utcOffset).toMatch(/^[+-]\d{4}$/)
      expect(facts.now).toBeGreaterThan(before - 1_000)
      expect(facts.now).toBeLessThanOrEqual(after)
      expect(facts.boot).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim())
      expect(readdirSync(path).sort()).toEqual(["bin", "events", "jobs"])
      expect(verb(shell, hello(`${home.path}/a root`, "state-1")).home).toBe(path)
    })

    test("refuses a root that others could bend", () => {
      using home = new Home()
      const at = (name: string) => join(home.path, name)
      mkdirSync(at("open"), { mode: 0o777 })
      chmodSync(at("open"), 0o770)
      mkdirSync(at("real"), { mode: 0o700 })
      symlinkSync(at("real"), at("link"))
      writeFileSync(at("file"), "")
      for (const name of ["open", "link", "link/", "file"]) {
        expect(() => verb(shell, hello(at(name), "s1")), name).toThrow()
      }
      for (const root of ["relative", "$HOME/x", "~root/x", ""]) {
        expect(() => verb(shell, hello(root, "s1")), root).toThrow(/root/)
      }
      expect(() => verb(shell, hello(at("real"), "../s1"))).toThrow(/name for a place/)
      expect(verb(shell, hello(at("real"), "s1")).home).toMatch(/real\/s1$/)
      chmodSync(at("open"), 0o750)
      expect(verb(shell, hello(at("open"), "s1")).home).toMatch(/open\/s1$/)
    })

    test("a tilde is expanded, and nothing else", () => {
      using home = new Home()
      const root = "~/$(touch pwned) `x` 'q' *"
      expect(verb(shell, hello(root, "s1"), { HOME: home.path }).home).toBe(
        `${realpathSync(home.path)}/$(touch pwned) \`x\` 'q' */s1`,
      )
    })
  })

  describe("owners", () => {
    test("one number goes to one session; asked again, it has the same answer", () => {
      using home = new Home()
      expect(verb(shell, takeOwner(placeOf(home, 1), "a"))).toEqual({ won: true, highest: 1 })
      expect(verb(shell, takeOwner(placeOf(home, 1), "b"))).toEqual({ won: false, highest: 1 })
      expect(verb(shell, takeOwner(placeOf(home, 1), "a"))).toEqual({ won: true, highest: 1 })
      expect(verb(shell, takeOwner(placeOf(home, 3), "b"))).toEqual({ won: false, highest: 1 })
      expect(verb(shell, takeOwner(placeOf(home, 2), "b"))).toEqual({ won: true, highest: 2 })
      expect(verb(shell, takeOwner(placeOf(home, 1), "a"))).toEqual({ won: false, highest: 2 })
    })

    test("of twenty that want it at once, one gets it", async () => {
      using home = new Home()
      const asked = Array.from({ length: 20 }, (_, index) => takeOwner(placeOf(home, 1), `nonce-${index}`))
      const ends = await Promise.all(asked.map(async ({ argv }) => startVerb(shell, argv).end))
      expect(ends.filter(({ stdout }) => stdout === "own won 1\nend\n")).toHaveLength(1)
      expect(ends.filter(({ stdout }) => stdout === "own lost 1\nend\n")).toHaveLength(19)
    })

    test("numbers above nine are higher than nine, and old ones don't pile up", () => {
      using home = new Home()
      for (let owner = 1; owner <= 12; owner++) {
        expect(verb(shell, takeOwner(placeOf(home, owner), `n${owner}`))).toEqual({ won: true, highest: owner })
      }
      expect(readdirSync(home.path).filter((name) => name.startsWith("owner."))).toEqual(["owner.11", "owner.12"])
      expect(verb(shell, takeOwner(placeOf(home, 10), "x"))).toEqual({ won: false, highest: 12 })
    })

    test("who is superseded has no effect any more", () => {
      using home = new Home()
      home.job(token)
      own(home, 10)
      for (const command of [fence(placeOf(home, 9), token, "revoked:1:a"), remove(placeOf(home, 9), [token])]) {
        expect(() => verb(shell, command)).toThrow(expect.objectContaining({ code: "OWNER_SUPERSEDED", class: "gone" }))
      }
      expect([home.records(shell, token).guards, home.read(token, "token")]).toEqual([[], `${token}\nhash\n`])
      verb(shell, fence(placeOf(home, 10), token, "revoked:1:a"))
      verb(shell, remove(placeOf(home, 10), [token]))
      expect(existsSync(join(home.path, "jobs", token))).toBe(false)
    })
  })

  describe("fencing", () => {
    const exit = (lines: string) => `\nexit ${token} 0\nnative 4711\n${lines}started 1\nended 2\nend\n`

    test("a free guard is won, and asked again it still is", () => {
      using home = new Home()
      home.job(token)
      for (let round = 0; round < 2; round++) {
        expect(verb(shell, fence(placeOf(home), token, "revoked:1:a"))).toEqual({ won: true, owner: "revoked:1:a" })
      }
      expect(verb(shell, fence(placeOf(home), token, "revoked:1:b"))).toEqual({ won: false, owner: "revoked:1:a" })
    })

    test("a started attempt is not", () => {
      using home = new Home()
      symlinkSync("native:4711:0:x", join(home.job(token), "guard.0"))
      expect(verb(shell, fence(placeOf(home), token, "revoked:1:a"))).toEqual({ won: false, owner: "native:4711:0:x" })
    })

    test.each(["code 0\nwrapper TERM\n", "code 0\nsignal TERM\n", "code 0\nsignal KILL\n", "code 143\n", "code 137\n"])(
      "behind a start that was stopped, or may have been, the next one is fenced: %j",
      (lines) => {
        using home = new Home()
        const directory = home.job(token)
        symlinkSync("native:4711:0:x", join(directory, "guard.0"))
        writeFileSync(join(directory, "exit.0"), exit(lines))
        expect(verb(shell, fence(placeOf(home), token, "revoked:1:a")).won).toBe(true)
        expect(home.records(shell, token).guards).toMatchObject([{ start: 0 }, { start: 1, owner: "revoked:1:a" }])
      },
    )

    test.each([exit("code 3\n"), exit("code 0\nsignal SEGV\n"), exit("code 143\n").replace("end\n", "")])(
      "behind one that has ended by itself, or has not ended, there is nothing to fence: %j",
      (record) => {
        using home = new Home()
        symlinkSync("native:4711:0:x", join(home.job(token), "guard.0"))
        writeFileSync(join(home.path, "jobs", token, "exit.0"), record)
        expect(verb(shell, fence(placeOf(home), token, "revoked:1:a")).won).toBe(false)
      },
    )

    test("what was removed is said to be, and is not what was never there", () => {
      using home = new Home()
      home.job(token)
      verb(shell, remove(placeOf(home), [token]))
      const of = (one: string) => () => verb(shell, fence(placeOf(home), one, "revoked:1:a"))
      expect(of(token)).toThrow(expect.objectContaining({ code: "JOB_DIRECTORY_REMOVED" }))
      expect(of(other)).toThrow(expect.objectContaining({ code: "JOB_DIRECTORY_MISSING" }))
    })

    test("the restart count says which start may come; one below it that never came is fenced in its place", () => {
      using home = new Home()
      symlinkSync("native:4711:0:x", join(home.job(token), "guard.0"))
      expect(verb(shell, fence(placeOf(home), token, "revoked:1:a", 1)).won).toBe(true)
      expect(home.records(shell, token).guards[1]).toEqual({ start: 1, owner: "revoked:1:a" })
      home.job(other)
      expect(verb(shell, fence(placeOf(home), other, "revoked:1:a", 2)).won).toBe(true)
      expect(home.records(shell, other).guards).toEqual([{ start: 0, owner: "revoked:1:a" }])
    })

    test("without a job directory there is nothing to fence", () => {
      using home = new Home()
      const command = fence(placeOf(home), token, "revoked:1:a")
      expect(() => verb(shell, command)).toThrow(expect.objectContaining({ code: "JOB_DIRECTORY_MISSING" }))
      expect(readdirSync(join(home.path, "jobs"))).toEqual([])
    })
  })

  describe("removing", () => {
    test("takes whole job directories, also those with folders that can't be written to", () => {
      using home = new Home()
      const directory = home.job(token)
      mkdirSync(join(directory, "work/locked"))
      writeFileSync(join(directory, "work/locked/file"), "")
      chmodSync(join(directory, "work/locked"), 0o500)
      symlinkSync(home.path, join(directory, "work/link"))
      home.job(other)
      verb(shell, remove(placeOf(home), [token, "hzverbs00000009"]))
      expect(readdirSync(join(home.path, "jobs"))).toEqual([other])
      expect(existsSync(home.wrapper)).toBe(true)
    })

    test("are written down, also those that were not there, and behind what a full disk had cut", () => {
      using home = new Home()
      home.job(token)
      writeFileSync(join(home.path, "removed"), `${other.slice(0, 9)}`)
      verb(shell, remove(placeOf(home), [token, "hzverbs00000009"]))
      verb(shell, remove(placeOf(home), [other]))
      const lines = readFileSync(join(home.path, "removed"), "utf8").split("\n")
      expect(lines.filter((line) => line !== "")).toEqual([other.slice(0, 9), token, "hzverbs00000009", other])
    })

    test("stay, without what makes a native run, where that can't be written down", () => {
      using home = new Home()
      const directory = home.job(token)
      mkdirSync(join(home.path, "removed"))
      expect(verbResult(shell, ["hz_remove", home.path, "1", token]).exitCode).toBe(verbExit.failed)
      expect(existsSync(directory)).toBe(true)
      expect(existsSync(join(directory, "token"))).toBe(false)
      rmSync(join(home.path, "removed"), { recursive: true })
      verb(shell, remove(placeOf(home), [token]))
      expect(existsSync(directory)).toBe(false)
    })

    test.each([
      [".."],
      ["../jobs"],
      ["."],
      [""],
      ["/"],
      ["hz"],
      ["hzverbs0000000*"],
      ["hzverbs00000001/"],
      ["HZVERBS00000001"],
      ["-rf"],
      ["hzverbs000000012"],
    ])("refuses %j, and then removes nothing", (name) => {
      using home = new Home()
      home.job(token)
      expect(verbResult(shell, ["hz_remove", home.path, "1", token, name]).exitCode).toBe(verbExit.refused)
      expect(readdirSync(join(home.path, "jobs"))).toEqual([token])
      expect(existsSync(join(home.path, "jobs", token, "token"))).toBe(true)
    })

    test("refuses links", () => {
      using home = new Home()
      using elsewhere = new Home()
      const target = elsewhere.job(token)
      symlinkSync(target, join(home.path, "jobs", token))
      expect(() => verb(shell, remove(placeOf(home), [token]))).toThrow(/symbolic link/)
      expect(existsSync(join(target, "token"))).toBe(true)
    })
  })

  describe("hints", () => {
    test("are listed and cleared by name", () => {
      using home = new Home()
      const names = [`${token}.0`, `${other}.0`]
      for (const name of names) writeFileSync(join(home.path, "events", name), "")
      expect(verb(shell, listHints(home.path))).toEqual(names)
      verb(shell, clearHints(home.path, [`${token}.0`, `${token}.7`]))
      expect(verb(shell, listHints(home.path))).toEqual([`${other}.0`])
      expect(() => verb(shell, clearHints(home.path, ["../jobs"]))).toThrow(/not a hint/)
      expect(() => verb(shell, clearHints(home.path, [`${other}.0/../../x`]))).toThrow(/not a hint/)
    })

    test("none is an answer, and no home is none", () => {
      using home = new Home()
      expect(verb(shell, listHints(home.path))).toEqual([])
      expect(() => verb(shell, listHints(`${home.path}/nothing`))).toThrow(
        expect.objectContaining({ code: "HOME_MISSING" }),
      )
    })
  })

  describe("tail", () => {
    const bytes = Buffer.from(Array.from({ length: 300 }, (_, index) => index % 256))

    test("bytes are exact, from any place", () => {
      using home = new Home()
      writeFileSync(join(home.job(token), "stdout"), bytes)
      const read = (offset: number, max: number) => verb(shell, tail(home.path, token, "stdout", offset, max))
      expect(read(0, 1000)).toEqual({ size: 300, offset: 0, data: bytes })
      expect(read(250, 20)).toEqual({ size: 300, offset: 250, data: bytes.subarray(250, 270) })
      expect(read(-10, 1000)).toEqual({ size: 300, offset: 290, data: bytes.subarray(290) })
      expect(read(-1000, 5)).toEqual({ size: 300, offset: 0, data: bytes.subarray(0, 5) })
      expect(read(300, 5)).toEqual({ size: 300, offset: 300, data: Buffer.alloc(0) })
      expect(read(5000, 5)).toEqual({ size: 300, offset: 5000, data: Buffer.alloc(0) })
    })

    test("a file that is not there is empty; one outside of the job is refused", () => {
      using home = new Home()
      home.job(token)
      expect(verb(shell, tail(home.path, token, "stdout", 0, 9))).toEqual({ size: 0, offset: 0, data: Buffer.alloc(0) })
      for (const name of ["../x", "work/../../x", "/etc/passwd", "a//b", ""]) {
        expect(() => verb(shell, tail(home.path, token, name, 0, 9)), name).toThrow(/not a file of the job/)
      }
      writeFileSync(join(home.path, "jobs", token, "work", "a ..b"), "ab")
      expect(verb(shell, tail(home.path, token, "work/a ..b", 0, 9)).data.toString()).toBe("ab")
    })
  })
})
