import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { afterEach, describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { type Session, openSession } from "../../src/transport/session.ts"
import { ssh2Transport } from "../../src/transport/ssh2.ts"
import { rig, setLoginShell } from "../support/rig.ts"
import { raw } from "../transport/contract.ts"

const why = typeof rig === "string" ? rig : process.getuid?.() === 0 ? "" : "only root can change a login shell"

const awkward = ["", " ", "'", '"', "$HOME", "`id`", "!!", "\\", "*", "a\nb", "%s", "-n", "漢字"]

/** What the file is in a new account. */
function fresh(name: string): string {
  const path = `/etc/skel/${name}`
  return existsSync(path) ? readFileSync(path, "utf8") : ""
}

describe.skipIf(why !== "")(why === "" ? "login shells" : `login shells (skipped: ${why})`, () => {
  if (typeof rig === "string") return
  const { host, port, user2: user, identityFile, knownHostsFile } = rig
  const login = (): Promise<Session> =>
    openSession(ssh2Transport({ host, port, user, identityFile, knownHostsFile }, { clock: systemClock }), {
      clock: systemClock,
      prelude: `hz_words() { printf '<%s>' "$@"; }`,
    })
  /** Writes a startup file as the user; an empty text removes it. */
  const startup = (name: string, text: string): void => {
    const script = text === "" ? `rm -f ${name}` : `mkdir -p "$(dirname ${name})"; cat > ${name}`
    execFileSync("su", ["-s", "/bin/sh", user, "-c", `cd && ${script}`], { input: text })
  }
  const files = [".profile", ".bashrc", ".bash_profile", ".cshrc", ".login", ".zshenv", ".config/fish/config.fish"]
  const works = async (): Promise<void> => {
    await using session = await login()
    expect((await session.ask(raw(["hz_words", ...awkward]))).stdout).toBe(awkward.map((word) => `<${word}>`).join(""))
    expect((await session.act(raw(["sh", "-c", "exit 3"]))).exitCode).toBe(3)
  }

  afterEach(() => {
    setLoginShell(user, "/bin/bash")
    for (const name of files) startup(name, fresh(name))
  })

  test.for(
    ["/bin/dash", "/bin/bash", "/usr/bin/fish", "/bin/tcsh", "/bin/csh", "/usr/bin/zsh"].filter((path) =>
      existsSync(path),
    ),
  )("%s as login shell, quiet and noisy", async (shell) => {
    setLoginShell(user, shell)
    await works()
    startup(".profile", "echo Welcome\necho quota >&2\n")
    startup(".bashrc", "echo bashrc speaks\n")
    startup(".cshrc", "echo cshrc speaks\n")
    startup(".zshenv", "echo zshenv speaks\n")
    startup(".config/fish/config.fish", "echo fish speaks\n")
    await works()
  })

  test("what the profile exports is there, and nothing else of it", async () => {
    startup(
      ".profile",
      "export FROM_PROFILE=yes\nset -e\nset -u\nalias true=false\nalias echo='echo aliased'\ncd /\numask 000\n",
    )
    await using session = await login()
    const { stdout } = await session.ask(raw(["sh", "-c", 'echo "$FROM_PROFILE"; pwd; umask']))
    expect(stdout).toMatch(/^yes\n\/home\/.*\n0077\n$/)
    expect((await session.ask(raw(["false"]))).exitCode).toBe(1)
    expect((await session.ask(raw(["echo", "x"]))).stdout).toBe("x\n")
    const environment = (await session.ask(raw(["env"]))).stdout
    expect(environment).not.toMatch(/^(SSH_|BASH_ENV|ENV|HISTFILE)/m)
  })

  test("a profile that reads stdin gets a line, and we our shell", async () => {
    startup(".profile", "read -r answer\n")
    await works()
  })

  test("a profile that ends the shell is gone around", async () => {
    startup(".profile", "echo no allocation >&2\nexit 1\n")
    await works()
  })

  test("a .bashrc that ends the shell is told as such", async () => {
    startup(".bashrc", "echo no allocation >&2\nexit 1\n")
    await expect(login()).rejects.toMatchObject({ code: "SHELL_ENDED", reason: "no allocation" })
  })
})
