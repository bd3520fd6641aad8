/** What every transport has to carry: the session over it, told as one suite. */
import { createHash, randomBytes, randomInt } from "node:crypto"
import { Readable } from "node:stream"
import { describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import type { Command, CommandResult } from "../../src/command.ts"
import { type Session, type SessionOptions, openSession } from "../../src/transport/session.ts"
import type { Transport } from "../../src/transport/transport.ts"

/** Verbs of the suite's own, beside those of frame.sh. */
const prelude = `
hz_fail() { echo out; echo err >&2; exit 7; }
hz_stray() { cd /; HOME=/elsewhere; exit 0; }
hz_where() { pwd; echo "$HOME"; }
hz_nested() { sh -c 'trap "" TERM; sleep 60' & wait; }
hz_die() { kill -9 $$; }
hz_watcher() { echo "$hz_watcher"; }
hz_hang() { echo begun; sh -c "$1 sleep 60 & while :; do sleep 60; done"; echo "ended $?"; }
hz_await() { while [ ! -e "$1" ]; do sleep 0.05; done; rm "$1"; }
hz_leave() { (sleep 0.3; echo "late $(printf 'hz-%s' "$1")" >&2; exec sleep 5) >/dev/null & }
hz_trace() { set -x; "$@"; }
hz_lines() { hz_n=0; while [ "$hz_n" -lt "$1" ]; do echo "line $hz_n äöü"; hz_n=$((hz_n + 1)); done; }
`

export function raw(argv: readonly string[], more: Partial<Command<CommandResult>> = {}): Command<CommandResult> {
  return { argv, parse: (result) => result, ...more }
}

export async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => ({ unexpected: value }),
    (error: unknown) => error,
  )
}

export function transportContract(
  name: string,
  transport: () => Transport,
  { concurrent = false }: { readonly concurrent?: boolean } = {},
): void {
  const open = (options: Partial<SessionOptions> = {}): Promise<Session> =>
    openSession(transport(), { clock: systemClock, prelude, ...options })

  describe(name, { concurrent }, () => {
    test("a command's stdout, stderr and exit code come back apart", async () => {
      await using session = await open()
      expect(await session.ask(raw(["hz_fail"]))).toEqual({
        exitCode: 7,
        stdout: "out\n",
        stderr: "err\n",
        timedOut: false,
      })
    })

    test("stdout comes back to the byte: empty, without a last newline, with several, and in any script", async () => {
      await using session = await open()
      for (const text of ["", "a", "a\n", "\n\n\n", "äöü 漢字 🚢", "-hz.", "\nThz.", "x\r\ny\t"]) {
        expect((await session.ask(raw(["printf", "%s", text]))).stdout).toBe(text)
      }
    })

    test("long output with characters of several bytes is put together again", async () => {
      await using session = await open()
      const { stdout } = await session.ask(raw(["hz_lines", "20000"]))
      expect(stdout.split("\n")).toHaveLength(20_001)
      expect(stdout.endsWith("line 19999 äöü\n")).toBe(true)
      expect(stdout).not.toContain("\ufffd")
    })

    test("hundreds of commands are in flight at once, and each gets its own answer", async () => {
      await using session = await open()
      const answers = await Promise.all(
        Array.from({ length: 300 }, async (_, n) => session.ask(raw(["printf", "%s", `${n}`]))),
      )
      expect(answers.map(({ stdout }) => Number(stdout))).toEqual(answers.map((_, n) => n))
    })

    test("stdin comes from the command, or there is none: never from the shell's own", async () => {
      await using session = await open()
      const text = "$(exit 1) `x` \\ 'quote' \"\n}\nEOF\nhz-eof\nlast"
      const [empty, given, after] = await Promise.all([
        session.ask(raw(["cat"])),
        session.ask(raw(["cat"], { stdin: text })),
        session.ask(raw(["echo", "after"])),
      ])
      expect([empty.stdout, given.stdout, after.stdout]).toEqual(["", `${text}\n`, "after\n"])
    })

    test("a long stdin arrives whole, with and without a watchdog", async () => {
      await using session = await open()
      const stdin = `${"0123456789abcdef\n".repeat(20_000)}`
      for (const timeoutMs of [undefined, 20_000]) {
        const command = raw(["wc", "-c"], timeoutMs === undefined ? { stdin } : { stdin, timeoutMs })
        expect((await session.ask(command)).stdout.trim()).toBe(String(stdin.length))
      }
    })

    test("a command can't change the shell for the next one", async () => {
      await using session = await open()
      const before = await session.ask(raw(["hz_where"]))
      await session.ask(raw(["hz_stray"]))
      expect(await session.ask(raw(["hz_where"]))).toEqual(before)
    })

    test("a program that is not there is exit code 127", async () => {
      await using session = await open()
      const result = await session.ask(raw(["hawser-has-no-such-program"]))
      expect(result.exitCode).toBe(127)
      expect(result.stderr).toMatch(/not found/)
    })

    test("a command over its time is ended with all that it started, and the shell goes on", async () => {
      await using session = await open()
      const program = session.ask(raw(["sh", "-c", "echo begun; sleep 60 & sleep 60"], { timeoutMs: 1_000 }))
      const verb = session.ask(raw(["hz_nested"], { timeoutMs: 1_000 }))
      const next = session.ask(raw(["echo", "next"]))
      expect(await program).toMatchObject({ stdout: "begun\n", timedOut: true })
      expect(await verb).toMatchObject({ timedOut: true })
      expect(await next).toMatchObject({ stdout: "next\n", timedOut: false })
    })

    test("a command within its time is not touched by its watchdog", async () => {
      await using session = await open()
      const result = await session.ask(raw(["sh", "-c", "printf done; exit 124"], { timeoutMs: 5_000 }))
      expect(result).toEqual({ exitCode: 124, stdout: "done", stderr: "", timedOut: false })
    })

    test("a process that was left behind does not hold up or confuse what follows", async () => {
      await using session = await open()
      await session.ask(raw(["hz_leave", "x"]))
      for (let n = 0; n < 8; n += 1) {
        expect((await session.ask(raw(["sh", "-c", `sleep 0.1; echo ${n}`]))).stdout).toBe(`${n}\n`)
      }
    })

    test("a trace of the shell goes to stderr and breaks nothing", async () => {
      await using session = await open()
      const result = await session.ask(raw(["hz_trace", "printf", "%s", "x"]))
      expect(result.stdout).toBe("x")
      expect(result.stderr).toContain("printf")
    })

    test("a shell that dies leaves effects in doubt and questions unanswered, and is replaced", async () => {
      await using session = await open()
      expect(await failure(session.act(raw(["hz_die"])))).toMatchObject({ class: "in-doubt" })
      expect(await failure(session.ask(raw(["hz_die"])))).toMatchObject({ class: "transient", code: "CHANNEL_CLOSED" })
      expect((await session.act(raw(["echo", "again"]))).stdout).toBe("again\n")
      expect((await session.ask(raw(["echo", "again"]))).stdout).toBe("again\n")
    })

    test("an effect that takes its time does not hold up another", async () => {
      await using session = await open()
      const path = `/tmp/hawser-contract-${randomBytes(6).toString("hex")}`
      const waiting = session.act(raw(["hz_await", path], { timeoutMs: 20_000 }))
      await session.act(raw(["touch", path]))
      expect(await waiting).toMatchObject({ exitCode: 0, timedOut: false })
    })

    test("many effects at once share a few shells, and each gets its own answer", async () => {
      await using session = await open()
      const answers = await Promise.all(
        Array.from({ length: 60 }, async (_, n) => session.act(raw(["sh", "-c", `echo "$PPID ${n}"`]))),
      )
      const said = answers.map(({ stdout }) => stdout.trim().split(" "))
      expect(said.map(([, n]) => Number(n))).toEqual(said.map((_, n) => n))
    })

    test("a shell that dies takes only its own effects with it", async () => {
      await using session = await open()
      const path = `/tmp/hawser-contract-${randomBytes(6).toString("hex")}`
      const waiting = session.act(raw(["hz_await", path], { timeoutMs: 20_000 }))
      expect(await failure(session.act(raw(["hz_die"])))).toMatchObject({ class: "in-doubt" })
      await session.act(raw(["touch", path]))
      expect(await waiting).toMatchObject({ exitCode: 0 })
    })

    test("commands that share a watchdog have one, which is gone when they are", async () => {
      await using session = await open()
      const shared = { timeoutMs: 40_000_000 + randomInt(10_000) * 1_000, sharesWatchdog: true }
      const [first, second] = [
        await session.act(raw(["hz_watcher"], shared)),
        await session.act(raw(["hz_watcher"], shared)),
      ]
      expect(first.stdout).toMatch(/^\d+\n$/)
      expect(second.stdout).toBe(first.stdout)
    })

    test("a watchdog that is shared ends what hangs, and its command tells so", async () => {
      await using session = await open()
      const shared = { timeoutMs: 1_000, sharesWatchdog: true }
      const [hung, stubborn] = await Promise.all([
        session.act(raw(["hz_hang"], shared)),
        session.act(raw(["hz_hang", "trap '' TERM;"], shared)),
      ])
      expect(hung).toMatchObject({ stdout: "begun\nended 143\n", exitCode: 0, timedOut: false })
      expect(stubborn).toMatchObject({ stdout: "begun\nended 137\n" })
    })

    test("an answer that does not come in time gives up the shell, not the session", async () => {
      await using session = await open({ answerTimeoutMs: 2_000 })
      const hung = session.act(raw(["sleep", "6"]))
      expect(await failure(hung)).toMatchObject({ code: "COMMAND_TIMEOUT", class: "in-doubt" })
      expect((await session.act(raw(["echo", "again"]))).stdout).toBe("again\n")
    })

    test("commands behind a slow one have their own time", async () => {
      await using session = await open({ answerTimeoutMs: 2_000 })
      const slow = Array.from({ length: 4 }, async () => session.ask(raw(["sleep", "0.8"])))
      expect((await Promise.all(slow)).map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
    })

    test("whoever stops waiting gets an error, and the others their answers", async () => {
      await using session = await open()
      // Its shell is there: what is asked from now on is sent at once.
      await session.act(raw(["true"]))
      const impatient = new AbortController()
      const first = failure(session.act(raw(["sleep", "0.3"]), impatient.signal))
      const second = session.act(raw(["echo", "second"]))
      setTimeout(() => impatient.abort(), 50)
      expect(await first).toMatchObject({ code: "ABORTED", class: "in-doubt" })
      expect((await second).stdout).toBe("second\n")
      expect(await failure(session.act(raw(["true"]), impatient.signal))).toBeInstanceOf(Error)
    })

    test("what a parser throws reaches the caller", async () => {
      await using session = await open()
      const refuse = (): never => {
        throw new Error("not what I asked for")
      }
      expect(await failure(session.ask({ argv: ["true"], parse: refuse }))).toMatchObject({
        message: "not what I asked for",
      })
    })

    test("words that no shell can take are refused before they are sent", async () => {
      await using session = await open()
      for (const word of ["a\0b", "\ud800"]) {
        expect(await failure(session.ask(raw(["echo", word])))).toMatchObject({ code: "WORD_UNQUOTABLE" })
        expect(await failure(session.ask(raw(["cat"], { stdin: word })))).toMatchObject({ code: "WORD_UNQUOTABLE" })
      }
      expect((await session.ask(raw(["echo", "fine"]))).stdout).toBe("fine\n")
    })

    test("bulk data goes out and comes back to the byte", async () => {
      await using session = await open()
      const data = Buffer.concat([Buffer.from("exit 9\n\0{ }\n"), randomBytes(3_000_000)])
      const path = `/tmp/hawser-contract-${randomBytes(6).toString("hex")}`
      const written = await session.send(
        raw(["sh", "-c", 'cat > "$1"; echo kept >&2', "sh", path]),
        Readable.from(data),
      )
      expect(written).toMatchObject({ exitCode: 0, stderr: "kept\n" })
      const digest = createHash("sha256")
      const result = await session.receive(raw(["cat", path]), async (stdout) => {
        for await (const chunk of stdout) digest.update(chunk as Buffer)
      })
      expect(result).toMatchObject({ exitCode: 0, stdout: "" })
      expect(digest.digest("hex")).toBe(createHash("sha256").update(data).digest("hex"))
      await session.ask(raw(["rm", path]))
    })

    test("more transfers than a connection has channels wait for one another", async () => {
      await using session = await open()
      const sizes = await Promise.all(
        Array.from({ length: 14 }, async (_, n) => {
          const result = await session.send(raw(["wc", "-c"]), Readable.from(Buffer.alloc(10_000 + n)))
          return Number(result.stdout)
        }),
      )
      expect(sizes).toEqual(sizes.map((_, n) => 10_000 + n))
    })

    test("a command that ends before it has read all its data is no error of the transport", async () => {
      await using session = await open()
      // Were the rest read by the shell, it would run it.
      const source = Readable.from([Buffer.from("exit 0\n".repeat(300_000))])
      expect(await session.send(raw(["sh", "-c", "echo full >&2; exit 3"]), source)).toMatchObject({
        exitCode: 3,
        stderr: "full\n",
      })
    })

    test("a source or a sink that breaks breaks its own transfer only", async () => {
      await using session = await open()
      const source = Readable.from(
        (async function* () {
          yield Buffer.from("some")
          await Promise.resolve()
          throw new Error("the disk broke")
        })(),
      )
      expect(await failure(session.send(raw(["cat"]), source))).toMatchObject({ message: "the disk broke" })
      const sink = async (stdout: Readable): Promise<void> => {
        await stdout.iterator().next()
        throw new Error("no space")
      }
      const received = session.receive(raw(["head", "-c", "500000", "/dev/zero"]), sink)
      expect(await failure(received)).toMatchObject({ message: "no space" })
      expect((await session.ask(raw(["echo", "fine"]))).stdout).toBe("fine\n")
    })

    test("a transfer that comes to a stop is given up", async () => {
      await using session = await open({ answerTimeoutMs: 500 })
      const stuck = session.receive(raw(["sleep", "5"]), async (stdout) => void (await stdout.toArray()))
      expect(await failure(stuck)).toMatchObject({ code: "TRANSFER_STALLED", class: "transient" })
    })

    test("closing a session fails what is in flight, and says so", async () => {
      const session = await open()
      await session.act(raw(["true"]))
      const hung = failure(session.act(raw(["sleep", "60"])))
      await session.ask(raw(["true"]))
      await session[Symbol.asyncDispose]()
      expect(await hung).toMatchObject({ class: "in-doubt" })
      expect(await session.closed).toBeInstanceOf(Error)
      expect(await failure(session.ask(raw(["true"])))).toMatchObject({ class: "transient" })
    })
  })
}
