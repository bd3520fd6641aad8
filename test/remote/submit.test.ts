import { spawnSync } from "node:child_process"
import { closeSync, openSync, readFileSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { Command, CommandResult } from "../../src/command.ts"
import { SchedulerError } from "../../src/errors.ts"
import { quoteAll } from "../../src/quote.ts"
import { submitOnce, submitSome } from "../../src/remote/submit.ts"
import { Home, lives, startVerb, until, verb, verbResult } from "../support/remote.ts"
import { shells } from "../support/shells.ts"

const token = "hzsubmit0000001"

/** A submission that counts its runs in the file `runs`, and whose answer is what `text` prints. */
const inner = (text: string, timeoutMs?: number): Command<CommandResult> => ({
  argv: ["sh", "-c", `echo run >>runs; ${text}`],
  ...(timeoutMs === undefined ? {} : { timeoutMs }),
  parse: (result) => result,
})

describe.concurrent.each(shells)("submitting, under $name", (shell) => {
  const submit = (home: Home, text: string, tryNumber = 1, owner = 1) =>
    submitOnce({ home: home.path, owner }, token, tryNumber, inner(text))

  test("the manager's answer is recorded, and asked again it is repeated", () => {
    using home = new Home()
    home.job(token)
    const command = submit(home, "printf 'one\\n\\n two '; echo 'e 1' >&2; printf e2 >&2; exit 3")
    const value = { exitCode: 3, stdout: "one\n\n two ", stderr: "e 1\ne2\n", timedOut: false }
    expect(verb(shell, command)).toEqual({ status: "answered", repeated: false, value })
    expect(verb(shell, command)).toEqual({ status: "answered", repeated: true, value })
    expect(home.read(token, "runs")).toBe("run\n")
  })

  test.each([[""], ["4711"], ["4711\n"], ["\n"], ["\n\n"], ["hz-answer 0\n"], ["end\n"], ["a\\b\\nc\n"], ["é\n"]])(
    "stdout %j comes back as it was",
    (stdout) => {
      using home = new Home()
      const directory = home.job(token)
      writeFileSync(join(directory, "text"), stdout)
      expect(verb(shell, submit(home, "cat text"))).toMatchObject({ value: { exitCode: 0, stdout, stderr: "" } })
    },
  )

  test("of twenty at once, one runs it", async () => {
    using home = new Home()
    home.job(token)
    const command = submit(home, "sleep 0.2; echo 4711")
    // They all stand at the line before they run: opening the pipe waits until somebody writes to it.
    const go = join(home.path, "go")
    spawnSync("mkfifo", [go])
    const racing = `: >>'${home.path}/ready.'"$$"; : <'${go}'; ${quoteAll(command.argv)}`
    const runners = Array.from({ length: 20 }, () => startVerb(shell, ["eval", racing]))
    await until(() => readdirSync(home.path).filter((name) => name.startsWith("ready.")).length === 20)
    const gate = openSync(go, "w")
    const ends = await Promise.all(runners.map(async ({ end }) => end))
    closeSync(gate)
    const replies = ends.map(({ stdout, stderr, code }) =>
      command.parse({ stdout, stderr, exitCode: code ?? 255, timedOut: false }),
    )
    expect(home.read(token, "runs")).toBe("run\n")
    expect(replies.filter((reply) => reply.status === "answered" && !reply.repeated)).toHaveLength(1)
    expect(replies.filter(({ status }) => status !== "answered" && status !== "in-doubt")).toEqual([])
    expect(verb(shell, submit(home, "echo again"))).toMatchObject({ repeated: true, value: { stdout: "4711\n" } })
  })

  test("killed in the middle, it is in doubt for ever, and is not run again", async () => {
    using home = new Home()
    const directory = home.job(token)
    const { argv } = submit(home, "echo $$ >pid; until [ -e go ]; do sleep 0.02; done; echo 4711")
    const running = startVerb(shell, argv)
    const pid = Number(await until(() => home.read(token, "pid")?.trim()))
    process.kill(running.pid, "SIGKILL")
    await running.end
    expect(verb(shell, submit(home, "echo again"))).toEqual({ status: "in-doubt" })
    expect(lives(pid)).toBe(true)
    writeFileSync(join(directory, "go"), "")
    await until(() => !lives(pid))
    expect(verb(shell, submit(home, "echo again"))).toEqual({ status: "in-doubt" })
    expect(verb(shell, submit(home, "echo again", 2))).toEqual({ status: "in-doubt" })
    expect(home.read(token, "runs")).toBe("run\n")
  })

  test("an answer cut at any byte is in doubt", { timeout: 30_000 }, () => {
    using home = new Home()
    const directory = home.job(token)
    verb(shell, submit(home, "echo 4711"))
    const path = join(directory, "submit.1.answer")
    for (let length = readFileSync(path).length - 1; length >= 0; length--) {
      truncateSync(path, length)
      expect(verb(shell, submit(home, "echo again"))).toEqual({ status: "in-doubt" })
    }
    expect(home.read(token, "runs")).toBe("run\n")
  })

  test.each([
    [1, false],
    [128, false],
    [137, true],
    [143, true],
    // What qsub and bsub end with by themselves when they refuse a job.
    [170, false],
    [255, false],
  ])("exit code %i: whether a signal ended the submission is %s", (code, timedOut) => {
    using home = new Home()
    home.job(token)
    expect(verb(shell, submit(home, `exit ${code}`))).toMatchObject({ value: { exitCode: code, timedOut } })
  })

  test("a second try needs the whole answer of the first", () => {
    using home = new Home()
    home.job(token)
    expect(verb(shell, submit(home, "exit 1", 2))).toEqual({ status: "in-doubt" })
    expect(verb(shell, submit(home, "exit 1", 1))).toMatchObject({ value: { exitCode: 1 } })
    expect(verb(shell, submit(home, "echo 4711", 2))).toMatchObject({ repeated: false, value: { stdout: "4711\n" } })
    expect(home.read(token, "runs")).toBe("run\nrun\n")
  })

  test("who is superseded submits nothing", () => {
    using home = new Home()
    home.job(token)
    symlinkSync("x", join(home.path, "owner.2"))
    expect(() => verb(shell, submit(home, "echo 4711"))).toThrow(expect.objectContaining({ code: "OWNER_SUPERSEDED" }))
    expect([home.read(token, "runs"), home.read(token, "submit.1.lock")]).toEqual([null, null])
    expect(verb(shell, submit(home, "echo 4711", 1, 2))).toMatchObject({ status: "answered" })
  })

  test("a token with a guard, or without a directory, is not submitted", () => {
    using home = new Home()
    expect(verb(shell, submit(home, "echo 4711"))).toEqual({ status: "missing" })
    symlinkSync("revoked:1:abc", join(home.job(token), "guard.0"))
    expect(verb(shell, submit(home, "echo 4711"))).toEqual({ status: "guarded", owner: "revoked:1:abc" })
    expect(home.read(token, "runs")).toBe(null)
  })

  test("an answer that stands is repeated also when the attempt has started since", () => {
    using home = new Home()
    const directory = home.job(token)
    verb(shell, submit(home, "echo 4711"))
    symlinkSync("native:4711:0:abc", join(directory, "guard.0"))
    expect(verb(shell, submit(home, "echo 4711"))).toMatchObject({ status: "answered", repeated: true })
  })

  test.each(["TERM", "KILL"])("a submission that %s has ended is in doubt, and so it stays", (signal) => {
    using home = new Home()
    home.job(token)
    const command = submit(home, `echo 4711; kill -s ${signal} $$`)
    const value = { exitCode: signal === "TERM" ? 143 : 137, stdout: "4711\n", timedOut: true }
    expect(verb(shell, command)).toMatchObject({ status: "answered", repeated: false, value })
    expect(verb(shell, command)).toMatchObject({ status: "answered", repeated: true, value })
  })

  test("what the parser throws passes through, and the answer stands", () => {
    using home = new Home()
    home.job(token)
    const command = submitOnce({ home: home.path, owner: 1 }, token, 1, {
      ...inner("echo no >&2; exit 1"),
      parse: ({ stderr }): never => {
        throw new SchedulerError("SUBMIT_REJECTED", { summary: stderr.trim() })
      },
    })
    expect(() => verb(shell, command)).toThrow(expect.objectContaining({ code: "SUBMIT_REJECTED", summary: "no" }))
    expect(home.read(token, "submit.1.answer")).toContain("hz-answer 1\n")
  })

  test("a job inherits the umask and the locale of the login, and the folder of its attempt", () => {
    using home = new Home()
    const directory = home.job(token)
    const reply = verb(shell, submit(home, 'umask; pwd -P; echo "${LC_ALL-none}"'))
    expect(reply).toMatchObject({ value: { stdout: `0022\n${directory}\nnone\n` } })
  })
})

describe.concurrent.each(shells)("submitting several at once, under $name", (shell) => {
  const tokens = [1, 2, 3, 4].map((number) => `hzseveral00000${number}`)
  const some = (home: Home, texts: readonly string[], owner = 1) =>
    submitSome(
      { home: home.path, owner },
      texts.map((text, index) => ({ token: tokens[index]!, tryNumber: 1, inner: inner(text) })),
    )

  test("each has its own lock, folder and answer, in their order", () => {
    using home = new Home()
    const directories = tokens.map((token) => home.job(token))
    const words = "echo \"$PWD\"; printf 'end\n' >&2"
    const answers = (repeated: boolean) =>
      directories.map((directory) => ({
        status: "answered",
        repeated,
        value: { exitCode: 0, stdout: `${directory}\n`, stderr: "end\n", timedOut: false },
      }))
    const command = some(home, [words, words, words, words])
    expect(verb(shell, command)).toEqual(answers(false))
    expect(verb(shell, command)).toEqual(answers(true))
    expect(tokens.map((token) => home.read(token, "runs"))).toEqual(tokens.map(() => "run\n"))
  })

  test("behind one that was not taken, none is touched", () => {
    using home = new Home()
    for (const token of tokens) home.job(token)
    const told = verb(shell, some(home, ["echo 1", "echo no >&2; exit 1", "echo 3", "echo 4"]))
    expect(told.map(({ status }) => status)).toEqual(["answered", "answered", "held", "held"])
    expect(told[1]).toMatchObject({ value: { exitCode: 1, stderr: "no\n" } })
    const traces = tokens.map((token) => [home.read(token, "runs"), home.read(token, "submit.1.lock") !== null])
    expect(traces).toEqual([
      ["run\n", true],
      ["run\n", true],
      [null, false],
      [null, false],
    ])
  })

  test("nor is one behind another that is in doubt, or that takes long", { timeout: 30_000 }, () => {
    using home = new Home()
    for (const token of tokens) home.job(token)
    writeFileSync(join(home.path, "jobs", tokens[0]!, "submit.1.lock"), "owner 1\n")
    expect(verb(shell, some(home, ["echo 1", "echo 2"])).map(({ status }) => status)).toEqual(["in-doubt", "held"])
    using slow = new Home()
    for (const token of tokens) slow.job(token)
    const told = verb(shell, some(slow, ["sleep 6", "echo 2"]))
    expect(told.map(({ status }) => status)).toEqual(["answered", "held"])
  })

  test("one that is not there, or has started, keeps no other one back", () => {
    using home = new Home()
    for (const token of tokens.slice(1)) home.job(token)
    symlinkSync("native:7:0:abc", join(home.path, "jobs", tokens[1]!, "guard.0"))
    const told = verb(shell, some(home, ["echo 1", "echo 2", "echo 3"]))
    expect(told.map(({ status }) => status)).toEqual(["missing", "guarded", "answered"])
  })

  test("who is superseded in between has the answers so far, and submits nothing more", () => {
    using home = new Home()
    for (const token of tokens) home.job(token)
    const told = verb(shell, some(home, ["echo 4711; ln -s x ../../owner.2", "echo 2", "echo 3"]))
    expect(told).toMatchObject([
      { status: "answered", value: { stdout: "4711\n" } },
      { status: "failed", error: { code: "OWNER_SUPERSEDED" } },
      { status: "held" },
    ])
    expect(tokens.map((token) => home.read(token, "submit.1.lock") !== null)).toEqual([true, false, false, false])
  })

  test("an answer that is cut leaves the one in doubt that it belongs to", () => {
    using home = new Home()
    for (const token of tokens) home.job(token)
    const command = some(home, ["echo 1", "echo 2", "echo 3"])
    const whole = verbResult(shell, command.argv)
    const told = command.parse({ ...whole, stdout: whole.stdout.slice(0, whole.stdout.indexOf("o 2")) })
    expect(told).toMatchObject([
      { status: "answered" },
      { status: "failed", error: { class: "in-doubt" } },
      { status: "held" },
    ])
    expect(verb(shell, command).map((one) => "repeated" in one && one.repeated)).toEqual([true, true, true])
  })
})
