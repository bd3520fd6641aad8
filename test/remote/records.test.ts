import { readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { HawserError } from "../../src/errors.ts"
import { parseRecords, readRecords } from "../../src/remote/records.ts"
import { Home, startWrapper, verb, verbResult } from "../support/remote.ts"
import { shells } from "../support/shells.ts"

const tokens = ["hzrecords000001", "hzrecords000002", "hzrecords000003"] as const

const whole = [
  `\nstarted ${tokens[0]} 0\nnative 4711\nhost n1\npid 99\nat 1700000000\nend\n`,
  `\nexit ${tokens[0]} 0\nnative 4711\ncode 143\nsignal TERM\nwrapper TERM\nstarted 1700000000\nended 1700000009\nmemory 1048576\noutput 3 a b\noutput 0 %c3%a9%0a\nend\n`,
] as const

const read = (text: string) => parseRecords(`job ${tokens[0]}\n${text}\nrecords end\n`, [tokens[0]])[0]!

describe("parsing records", () => {
  test("whole ones are read", () => {
    const { started, exits } = read(whole.join(""))
    expect(started).toEqual([{ start: 0, nativeId: "4711", host: "n1", pid: 99, at: 1_700_000_000_000 }])
    expect(exits).toEqual([
      {
        start: 0,
        nativeId: "4711",
        exitCode: 143,
        signal: "TERM",
        wrapperSignal: "TERM",
        limit: null,
        launchFailure: null,
        startedAt: 1_700_000_000_000,
        endedAt: 1_700_000_009_000,
        peakMemory: 1_048_576,
        outputs: [
          { path: "a b", size: 3 },
          { path: "é\n", size: 0 },
        ],
      },
    ])
  })

  test("one that is cut at any byte is absent or whole, and the one behind it is read", () => {
    const [started, exit] = whole
    const next = exit.replace(`${tokens[0]} 0`, `${tokens[0]} 1`)
    for (let length = 0; length <= exit.length; length++) {
      const { started: first, exits } = read(started + exit.slice(0, length) + next)
      expect(first).toHaveLength(1)
      const cut = exits.filter(({ start }) => start === 0)
      expect(cut).toEqual(length >= exit.length - 1 ? read(exit).exits : [])
      expect(exits.filter(({ start }) => start === 1)).toEqual(read(next).exits)
    }
    for (let length = 0; length <= started.length; length++) {
      expect(read(started.slice(0, length) + exit)).toMatchObject({
        started: length >= started.length - 1 ? [{ start: 0 }] : [],
        exits: [{ start: 0 }],
      })
    }
  })

  test.each([
    ["of another token", whole[1].replace(tokens[0], "hzrecords999999")],
    ["without a code", whole[1].replace("code 143\n", "")],
    ["with a code that is none", whole[1].replace("code 143", "code -1")],
    ["with a code above 255", whole[1].replace("code 143", "code 256")],
    ["with zeros where a crash left them", whole[1].replace("ended 1700000009", "ended \0\0\0\0")],
  ])("one %s is absent", (_, text) => {
    expect(read(text).exits).toEqual([])
    expect(read(text + whole[1]).exits).toHaveLength(1)
  })

  test("unknown keys are passed over", () => {
    expect(read(whole[1].replace("code", "colour blue\ncode")).exits).toEqual(read(whole[1]).exits)
  })
})

describe.each(shells)("reading records, under $name", (shell) => {
  test("each token asked for has an answer, in this order", async () => {
    using home = new Home()
    home.job(tokens[0], "exit 3")
    symlinkSync("revoked:7:abc", join(home.job(tokens[1]), "guard.0"))
    await startWrapper(shell, home, tokens[0]).end
    const asked = [tokens[2], tokens[1], tokens[0]]
    const [third, second, first] = verb(shell, readRecords(home.path, asked))
    expect(third).toEqual({ token: tokens[2], present: false, guards: [], started: [], exits: [] })
    expect(second).toMatchObject({ present: true, guards: [{ start: 0, owner: "revoked:7:abc" }], exits: [] })
    expect(first).toMatchObject({ present: true, guards: [{ start: 0 }], started: [{}], exits: [{ exitCode: 3 }] })
  })

  test("a torn record before a whole one costs only itself", async () => {
    using home = new Home()
    const directory = home.job(tokens[0], "exit 3")
    home.job(tokens[1], "exit 4")
    for (const token of [tokens[0], tokens[1]]) await startWrapper(shell, home, token).end
    const path = join(directory, "exit.0")
    writeFileSync(path, readFileSync(path).subarray(0, -6))
    const [first, second] = verb(shell, readRecords(home.path, [tokens[0], tokens[1]]))
    expect([first?.started.length, first?.exits, second?.exits.length]).toEqual([1, [], 1])
  })

  test("a home that is not there says nothing about any job", () => {
    const command = readRecords("/nowhere/hawser", [tokens[0]])
    expect(() => verb(shell, command)).toThrow(HawserError)
    expect(() => verb(shell, command)).toThrow(/not there/)
  })

  test("files of the payload that look like records are no records", () => {
    using home = new Home()
    const directory = home.job(tokens[0])
    writeFileSync(join(directory, "exit.0 x.1"), whole[1])
    writeFileSync(join(directory, "exit.*.2"), whole[1])
    expect(verb(shell, readRecords(home.path, [tokens[0]]))[0]?.exits).toEqual([])
    expect(verbResult(shell, ["hz_records", home.path, "../jobs"]).exitCode).toBe(94)
  })
})
