/** An sshd of the test's own, on loopback, with keys that are made for it. It ends with the test. */
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createConnection, createServer } from "node:net"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import type { SshConfig } from "../../src/transport/sshSettings.ts"

const program = "/usr/sbin/sshd"

export const hasSshd: boolean = existsSync(program) && spawnSync("ssh-keygen", ["-?"]).error === undefined

export interface TestSshd extends AsyncDisposable {
  /** With everything that a login needs. */
  readonly config: SshConfig & { readonly port: number; readonly identityFile: string; readonly knownHostsFile: string }
  readonly pid: number
  /** For keys, known_hosts files and configurations of the test. */
  readonly directory: string
  /** Adds a key that may log in; returns its path. */
  addKey(name: string, options?: { readonly passphrase?: string; readonly type?: string }): string
  /** Numbers of the processes that serve its connections. */
  sessions(): number[]
}

export async function testSshd(settings: readonly string[] = []): Promise<TestSshd> {
  const directory = mkdtempSync(join(tmpdir(), "hawser-sshd-"))
  const port = await freePort()
  const authorized = join(directory, "authorized_keys")
  const makeKey = (name: string, type = "ed25519", passphrase = ""): string => {
    const path = join(directory, name)
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", name, "-f", path])
    return path
  }
  const addKey: TestSshd["addKey"] = (name, { passphrase = "", type = "ed25519" } = {}) => {
    const path = makeKey(name, type, passphrase)
    writeFileSync(authorized, readFileSync(`${path}.pub`), { flag: "a" })
    return path
  }
  const hostKey = makeKey("host_key")
  const identityFile = addKey("id")
  const knownHostsFile = join(directory, "known_hosts")
  writeFileSync(knownHostsFile, `[127.0.0.1]:${port} ${readFileSync(`${hostKey}.pub`, "utf8")}`)
  const configFile = join(directory, "ssh_config")
  writeFileSync(configFile, "GlobalKnownHostsFile none\nIdentityAgent none\n")
  writeFileSync(
    join(directory, "sshd_config"),
    [
      ...settings,
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${authorized}`,
      "PidFile none",
      "UsePAM no",
      "StrictModes no",
      "PermitRootLogin yes",
      "PasswordAuthentication no",
      "LogLevel ERROR",
      "",
    ].join("\n"),
  )
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 })
  const child = spawn(program, ["-D", "-e", "-f", join(directory, "sshd_config")], { stdio: "ignore" })
  await listening(port)
  const pid = child.pid ?? 0
  // The one that looked whether it listens counts as a login under way.
  while (childrenOf(pid).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  return {
    config: { host: "127.0.0.1", port, user: userInfo().username, identityFile, knownHostsFile, configFile },
    pid,
    directory,
    addKey,
    sessions: () => childrenOf(pid),
    async [Symbol.asyncDispose]() {
      for (const session of childrenOf(pid)) killIfThere(session)
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
      rmSync(directory, { recursive: true })
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["--ppid", String(pid), "-o", "pid="], { encoding: "utf8" })
  return stdout
    .split("\n")
    .map(Number)
    .filter((child) => child > 0)
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid)
  } catch {
    // It has ended by itself.
  }
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const socket = createConnection(port, "127.0.0.1")
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true))
      socket.once("error", () => resolve(false))
    })
    socket.destroy()
    if (isUp) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error("sshd did not start")
}
