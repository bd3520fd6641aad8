import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { systemClock } from "../../src/clock.ts"
import type { Command, CommandResult } from "../../src/command.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { submitOnce } from "../../src/remote/submit.ts"
import { hello } from "../../src/remote/verbs.ts"
import { localTransport } from "../../src/transport/local.ts"
import { type Session, openSession } from "../../src/transport/session.ts"

const token = "hzframe00000001"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-frame-"))
  vi.stubEnv("HOME", folder)
  vi.stubEnv("LC_ALL", "")
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

const raw = (...argv: string[]): Command<CommandResult> => ({ argv, parse: (result) => result })

const open = (): Promise<Session> =>
  openSession(localTransport(systemClock), { clock: systemClock, prelude: prelude(["SBATCH_*"]) })

/** What a program sees that is submitted, and so the job that inherits from it: its variables, then its umask. */
async function surroundings(session: Session): Promise<readonly string[]> {
  const { home } = await session.ask(hello(join(folder, "root"), "s"))
  mkdirSync(join(home, "jobs", token))
  writeFileSync(join(home, "jobs", token, "token"), token)
  const reply = await session.act(submitOnce({ home, owner: 1 }, token, 1, raw("sh", "-c", "env; umask")))
  return reply.status === "answered" ? reply.value.stdout.trim().split("\n") : [reply.status]
}

describe("on this machine", () => {
  test("a job gets the environment of a login, and none of what our shells have set for themselves", async () => {
    writeFileSync(
      join(folder, ".profile"),
      `umask 027
export SITE="a  b" LC_ALL=C.UTF-8 BASH_ENV=/site/lmod.sh ENV=/site/shrc CDPATH=/ SSH_CONNECTION="::1 1" SBATCH_QOS=x
NOT_EXPORTED=1
`,
    )
    await using session = await open()
    const seen = await surroundings(session)
    expect(seen).toEqual(
      expect.arrayContaining(["SITE=a  b", "LC_ALL=C.UTF-8", "BASH_ENV=/site/lmod.sh", "ENV=/site/shrc", "CDPATH=/"]),
    )
    expect(seen.at(-1)).toBe("0027")
    expect(seen.filter((line) => /^(SSH_|SBATCH_|hz_|NOT_|LC_MESSAGES)/.test(line))).toEqual([])
  })

  test("a login that sets none of it leaves none to the job", async () => {
    writeFileSync(join(folder, ".profile"), "umask 022\n")
    await using session = await open()
    const seen = await surroundings(session)
    expect(seen.filter((line) => /^(LC_ALL|BASH_ENV|ENV|CDPATH|HISTFILE)=/.test(line))).toEqual([])
    expect(seen.at(-1)).toBe("0022")
  })

  test("our own shells stay private, in English, and free of startup files", async () => {
    writeFileSync(join(folder, ".profile"), "umask 0; export LC_ALL=C.UTF-8 BASH_ENV=/site/lmod.sh\n")
    await using session = await open()
    const { stdout } = await session.ask(raw("eval", 'umask; echo "$LC_ALL ${BASH_ENV-none}"'))
    expect(stdout).toBe("0077\nC none\n")
  })

  test("a login that ends the shell is passed over", async () => {
    writeFileSync(join(folder, ".profile"), "export SITE=1; exit 3\n")
    await using session = await open()
    expect((await surroundings(session)).filter((line) => line.startsWith("SITE="))).toEqual([])
  })

  test("commands are looked for where we look first, then where the login does", async () => {
    writeFileSync(join(folder, ".profile"), "PATH=/of/the/login\n")
    vi.stubEnv("PATH", `/of/ours:${process.env["PATH"]}`)
    await using session = await open()
    const path = (await surroundings(session)).find((line) => line.startsWith("PATH="))
    expect(path).toMatch(/^PATH=\/of\/ours:.*:\/of\/the\/login$/)
  })
})
