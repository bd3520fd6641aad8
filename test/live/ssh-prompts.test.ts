/** A key with a passphrase on the command line: the controller has no terminal, so the clients' people are asked. */
import { readFileSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Answerer } from "../../src/control/prompts.ts"
import { openHawser } from "../../src/control/openHawser.ts"
import type { Prompt } from "../../src/hawser.ts"
import { type Study, type Terminal, noTerminal, pause, study } from "../support/cli.ts"
import { type TestSshd, hasSshd, testSshd } from "../support/sshd.ts"

const passphrase = "open sesame 4711"
const question = /box: Passphrase for key [^\n]*: $/
const why = hasSshd ? noTerminal : "there is no sshd"

describe.skipIf(why !== undefined)(
  `prompts${why === undefined ? "" : ` (skipped: ${why})`}`,
  { timeout: 120_000 },
  () => {
    let sshd: TestSshd
    let identityFile = ""
    let work: Study
    beforeAll(async () => {
      sshd = await testSshd()
      identityFile = sshd.addKey("locked", { passphrase })
    })
    afterAll(() => sshd[Symbol.asyncDispose]())
    beforeEach(async () => {
      const { host, port, user, knownHostsFile } = sshd.config
      const way = { host, port, user, identityFile, knownHostsFile, root: join(sshd.directory, "jobs") }
      const executors = { box: { scheduler: "process", transport: "ssh2", ...way }, local: { cores: 2 } }
      work = await study(JSON.stringify({ executors }), { SSH_AUTH_SOCK: "", CI: "" })
      return async () => work[Symbol.asyncDispose]()
    })

    const health = async (): Promise<{ health: string; reason: string | null } | undefined> =>
      (
        await work.json<{ executors: { name: string; health: string; reason: string | null }[] }>("status", "--json")
      ).executors.find(({ name }) => name === "box")
    const untilHealth = async (wanted: string): Promise<void> => {
      await expect.poll(async () => (await health())?.health, { timeout: 30_000, interval: 200 }).toBe(wanted)
    }
    const asked = (terminal: Terminal): number => terminal.shown().split("Passphrase for key").length - 1
    /** Logged in once, and then by a controller that knows no passphrase. */
    const forgotten = async (): Promise<void> => {
      const first = work.terminal(["run", "--key", "first", "-e", "box", "--", "true"])
      await first.until(question)
      first.type(`${passphrase}\r`)
      expect(await first.code).toBe(0)
      await work.hawser(["down"])
    }
    /** A job that waits, since nobody was there. */
    const waitingJob = async (key: string): Promise<void> => {
      const { stderr } = await work.hawser(["submit", "--key", key, "-e", "box", "--", "echo", `out of ${key}`])
      expect(stderr).toContain("locked by a passphrase")
      await untilHealth("needs-login")
    }

    test("the passphrase is typed once, shown nowhere and stored nowhere; reconnecting asks no more", async () => {
      const terminal = work.terminal([
        "run",
        "--key",
        "a",
        "-e",
        "box",
        "--",
        "sh",
        "-c",
        "echo begun; sleep 3; echo over",
      ])
      await terminal.until(question)
      expect(await work.hawser(["list"]), "others are served meanwhile").toMatchObject({ code: 0 })
      expect(await work.hawser(["run", "-e", "local", "--", "echo", "x"])).toMatchObject({ code: 0, stdout: "x\n" })
      terminal.type(`${passphrase}x\u007F\r`)
      await terminal.until(/begun/)
      for (const pid of sshd.sessions()) process.kill(pid)
      expect(await terminal.code, terminal.shown()).toBe(0)
      expect(terminal.shown()).toContain("over")
      expect(asked(terminal)).toBe(1)
      expect(terminal.shown()).not.toContain(passphrase)
      for (const text of textsUnder(work.folder)) expect(text).not.toContain(passphrase)
      expect(await work.hawser(["run", "-e", "box", "--", "echo", "again"])).toMatchObject({
        code: 0,
        stdout: "again\n",
      })
    })

    test("three wrong ones are a first contact that failed, and nothing is recorded", async () => {
      const terminal = work.terminal(["submit", "-e", "box", "--", "true"])
      for (const number of [1, 2, 3]) {
        await expect.poll(() => asked(terminal), { timeout: 20_000 }).toBe(number)
        terminal.type(`wrong ${number}\r`)
      }
      expect(await terminal.code).toBe(3)
      expect(terminal.shown()).toContain("The passphrase is wrong.")
      expect(terminal.shown()).toContain("the passphrase was wrong 3 times")
      expect(await work.jobs()).toEqual([])
    })

    test("without a terminal nobody is asked, jobs wait with what to do, and the next terminal is asked at once", async () => {
      const { code, stderr } = await work.hawser(["submit", "-e", "box", "--", "true"])
      expect({ code, asks: stderr.includes("Passphrase for key") }).toEqual({ code: 3, asks: false })
      expect(stderr).toContain("hawser doctor box")
      await forgotten()
      await waitingJob("b")
      expect((await health())?.reason).toContain(`ssh-add ${identityFile}`)
      const json = work.terminal(["status", "--json"])
      expect(await json.code).toBe(0)
      const terminal = work.terminal(["wait", "b"])
      await terminal.until(question)
      terminal.type(`${passphrase}\r`)
      expect(await terminal.code, terminal.shown()).toBe(0)
      await untilHealth("up")
    })

    test.each([["up"], ["recover", "box"], ["doctor", "box"]])(
      "%s logs in, and what waited goes on",
      async (...args) => {
        await forgotten()
        await waitingJob("c")
        const terminal = work.terminal(args)
        await terminal.until(question)
        terminal.type(`${passphrase}\r`)
        expect(await terminal.code, terminal.shown()).toBe(0)
        expect(await work.hawser(["wait", "c"])).toMatchObject({ code: 0 })
      },
    )

    test("a submission without a terminal does not wait for what is asked at another one, and says that it is", async () => {
      await forgotten()
      await waitingJob("f")
      const terminal = work.terminal(["wait", "f"])
      await terminal.until(question)
      const { code, stderr } = await work.hawser(["submit", "--key", "g", "-e", "box", "--", "true"])
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(/at another terminal is asked for .*Passphrase/) as unknown,
      })
      terminal.type(`${passphrase}\r`)
      expect(await terminal.code, terminal.shown()).toBe(0)
      expect(await work.hawser(["wait", "g"])).toMatchObject({ code: 0 })
    })

    test("two clients are asked; the first answer counts, and the other is told", async () => {
      await forgotten()
      await waitingJob("d")
      const [one, other] = [
        work.terminal(["wait", "d"]),
        work.terminal(["run", "--key", "e", "-e", "box", "--", "true"]),
      ]
      await Promise.all([one.until(question), other.until(question)])
      other.type("half an ans")
      one.type(`${passphrase}\r`)
      await other.until(/not needed any more/)
      expect(await Promise.all([one.code, other.code])).toEqual([0, 0])
      expect(other.shown()).not.toContain("half an ans")
    })

    test("a server that does not wait for the person is logged in to once more", async () => {
      await using hasty = await testSshd(["LoginGraceTime 2"])
      const ask: Answerer = async () => {
        await pause(4_000)
        return [passphrase]
      }
      const { host, port, user, knownHostsFile } = hasty.config
      const way = { host, port, user, identityFile: hasty.addKey("late", { passphrase }), knownHostsFile }
      const box = { scheduler: "process", transport: "ssh2", ...way, root: join(hasty.directory, "jobs") }
      await work.write("hawser.yaml", JSON.stringify({ executors: { box } }))
      await using hawser = await openHawser({ cwd: work.folder, env: {}, ask })
      const job = await hawser.submit({ command: ["true"] })
      expect(await job.result()).toMatchObject({ state: "completed" })
    })

    test("a program's own way to ask serves it as the controller, and as a client of one", async () => {
      const questions: Prompt[] = []
      const ask: Answerer = async (prompt) => {
        questions.push(prompt)
        return [passphrase]
      }
      for (const isClient of [false, true]) {
        if (isClient) await work.hawser(["up"])
        await using hawser = await openHawser({ cwd: work.folder, env: {}, ask })
        const job = await hawser.executor("box").submit({ command: ["true"] })
        expect(await job.result()).toMatchObject({ state: "completed" })
      }
      const text = `Passphrase for key ${identityFile}: `
      const host = `127.0.0.1:${sshd.config.port}`
      const one = { executor: "box", host, instructions: "", questions: [{ text, echo: false }] }
      expect(questions).toEqual([one, one])
    })

    test("Ctrl-C at the question leaves, the terminal is as it was, and the job waits for the next one", async () => {
      await forgotten()
      await waitingJob("f")
      const terminal = work.terminal(["wait", "f"], "stty -a")
      await terminal.until(question)
      terminal.type("\u0003")
      expect(await terminal.code).toBe(130)
      expect(terminal.shown()).toContain("Detached; f goes on.")
      expect(terminal.shown()).toMatch(/ icanon .* echo /s)
      await untilHealth("needs-login")
      const next = work.terminal(["run", "--key", "g", "-e", "box", "--", "true"])
      await next.until(question)
      next.type(`${passphrase}\r`)
      expect(await next.code, next.shown()).toBe(0)
      expect(await work.hawser(["wait", "f"])).toMatchObject({ code: 0 })
    })

    test("a client that dies at the question takes no answer with it", async () => {
      await forgotten()
      await waitingJob("h")
      const terminal = work.terminal(["wait", "h"])
      await terminal.until(question)
      terminal.kill()
      await pause(500)
      expect(await work.json("show", "h", "--json")).toMatchObject({ state: "new" })
      const next = work.terminal(["wait", "h"])
      await next.until(question)
      next.type(`${passphrase}\r`)
      expect(await next.code, next.shown()).toBe(0)
    })
  },
)

/** Every file below the folder, as text. */
function textsUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "latin1"))
}
