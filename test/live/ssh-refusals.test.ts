import { execFileSync } from "node:child_process"
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { createConnection, createServer } from "node:net"
import { once } from "node:events"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { TransportError } from "../../src/errors.ts"
import type { Person } from "../../src/transport/person.ts"
import { Keyring } from "../../src/transport/keyring.ts"
import { openSession } from "../../src/transport/session.ts"
import { ssh2Transport } from "../../src/transport/ssh2.ts"
import type { SshConfig } from "../../src/transport/sshConfig.ts"
import { type TestSshd, freePort, hasSshd, testSshd } from "../support/sshd.ts"
import { failure, raw } from "../transport/contract.ts"

describe.skipIf(!hasSshd)(hasSshd ? "sshd" : "sshd (skipped: there is none)", () => {
  let sshd: TestSshd
  beforeAll(async () => void (sshd = await testSshd(["MaxAuthTries 6"])))
  afterAll(() => sshd[Symbol.asyncDispose]())

  const file = (name: string, text: string): string => {
    const path = `${sshd.directory}/${name}`
    writeFileSync(path, text)
    return path
  }
  const attempt = async (
    change: Partial<SshConfig>,
    more: { prompt?: (q: string) => Promise<string>; ms?: number } = {},
  ) => {
    const { prompt } = more
    const ask: Person["ask"] = async ({ questions: [one] }) => [(await prompt?.(one?.text ?? "")) ?? ""]
    const person = prompt === undefined ? undefined : { isThere: true, arrivals: 1, ask }
    const transport = ssh2Transport({ ...sshd.config, ...change }, { clock: systemClock, person })
    await using session = await openSession(transport, {
      clock: systemClock,
      prelude: "",
      connectTimeoutMs: more.ms ?? 10_000,
    })
    return (await session.ask(raw(["echo", "in"]))).stdout
  }

  test("with the right key and the right host key it lets us in: the twin of all that follows", async () => {
    expect(await attempt({})).toBe("in\n")
  })

  test("an unknown host key is refused with its fingerprint and the command that would accept it", async () => {
    const error = await failure(attempt({ knownHostsFile: file("empty", "") }))
    const fingerprint = execFileSync("ssh-keygen", ["-l", "-f", `${sshd.directory}/host_key`], { encoding: "utf8" })
    expect(error).toMatchObject({ code: "HOST_KEY_UNKNOWN", class: "auth" })
    expect(String(error)).toContain("host key")
    expect(String(error)).toContain(fingerprint.split(" ")[1])
    expect(error).toHaveProperty("advice", expect.stringContaining(`ssh-keyscan -p ${sshd.config.port} -t ed25519`))
  })

  test("a changed host key is refused, and nothing of ours was sent", async () => {
    const other = readFileSync(`${sshd.directory}/id.pub`, "utf8")
    const error = await failure(
      attempt({ knownHostsFile: file("changed", `[127.0.0.1]:${sshd.config.port} ${other}`) }),
    )
    expect(error).toMatchObject({ code: "HOST_KEY_CHANGED", class: "auth" })
    expect(String(error)).toContain("changed:1")
  })

  test("a host key is found in a hashed known_hosts file", async () => {
    const path = file("hashed", readFileSync(sshd.config.knownHostsFile, "utf8"))
    execFileSync("ssh-keygen", ["-q", "-H", "-f", path], { stdio: "ignore" })
    expect(readFileSync(path, "utf8")).toMatch(/^\|1\|/)
    expect(await attempt({ knownHostsFile: path })).toBe("in\n")
  })

  test("a revoked host key is refused", async () => {
    const line = readFileSync(sshd.config.knownHostsFile, "utf8")
    const path = file("revoked", `${line}@revoked * ${line.split(" ").slice(1).join(" ")}`)
    expect(await failure(attempt({ knownHostsFile: path }))).toMatchObject({ code: "HOST_KEY_REVOKED", class: "auth" })
  })

  test("a user that is not let in is an error that lists what was offered", async () => {
    const error = await failure(attempt({ user: "nobody-of-hawser" }))
    expect(error).toMatchObject({ code: "AUTH_FAILED", class: "auth" })
    expect(String(error)).toContain("nobody-of-hawser")
    expect(String(error)).toContain(`key ${sshd.config.identityFile}`)
    expect(String(error)).toContain("publickey")
  })

  test("a wrong key, a missing one and one that others can read are told apart", async () => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${sshd.directory}/stranger`])
    expect(String(await failure(attempt({ identityFile: `${sshd.directory}/stranger` })))).toMatch(
      /Refused: key .*stranger/,
    )
    expect(String(await failure(attempt({ identityFile: "/nonexistent/key" })))).toContain(
      "/nonexistent/key: no such file",
    )
    const open = `${sshd.directory}/open`
    copyFileSync(sshd.config.identityFile, open)
    chmodSync(open, 0o644)
    expect(String(await failure(attempt({ identityFile: open })))).toContain("too open")
  })

  test.for(["ed25519", "rsa", "ecdsa"])("keys of type %s log in", async (type) => {
    expect(await attempt({ identityFile: sshd.addKey(`type-${type}`, { type }) })).toBe("in\n")
  })

  test("a locked key asks a person, and says what to do where nobody is", async () => {
    const identityFile = sshd.addKey("locked", { passphrase: "open sesame" })
    const questions: string[] = []
    const prompt = async (question: string): Promise<string> => {
      questions.push(question)
      return questions.length === 1 ? "wrong" : "open sesame"
    }
    expect(await attempt({ identityFile }, { prompt })).toBe("in\n")
    expect(questions).toEqual([`Passphrase for key ${identityFile}: `, `Passphrase for key ${identityFile}: `])
    const error = await failure(attempt({ identityFile }))
    expect(error).toMatchObject({ code: "PERSON_NEEDED", class: "auth", advice: `Run: ssh-add ${identityFile}` })
    expect(String(error)).not.toContain("sesame")
  })

  test("the time that a person takes for a passphrase is not counted", async () => {
    const identityFile = sshd.addKey("slow", { passphrase: "later" })
    const prompt = async (): Promise<string> => {
      await systemClock.sleep(3_500)
      return "later"
    }
    expect(await attempt({ identityFile }, { prompt, ms: 3_000 })).toBe("in\n")
  })

  test("an unlocked key is held where somebody holds it, and else asked for with each connection", async () => {
    const identityFile = sshd.addKey("held", { passphrase: "once" })
    let asked = 0
    const person: Person = { isThere: true, arrivals: 1, ask: async () => [(asked += 1) > 0 ? "once" : ""] }
    const connect = async (keyring?: Keyring): Promise<number> => {
      const transport = ssh2Transport({ ...sshd.config, identityFile }, { clock: systemClock, person, keyring })
      const connection = await transport.connect()
      await connection[Symbol.asyncDispose]()
      return asked
    }
    const keyring = new Keyring()
    expect([await connect(keyring), await connect(keyring), await connect(), await connect()]).toEqual([1, 1, 2, 3])
  })

  test("an agent's keys are used, also for a locked file", async () => {
    const socket = `${sshd.directory}/agent.sock`
    const printed = execFileSync("ssh-agent", ["-s", "-a", socket], { encoding: "utf8" })
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(printed)?.[1])
    try {
      const identityFile = sshd.addKey("in-agent")
      execFileSync("ssh-add", ["-q", identityFile], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" })
      const configFile = file("with-agent", `GlobalKnownHostsFile none\nIdentityAgent ${socket}\n`)
      execFileSync("ssh-keygen", ["-q", "-p", "-N", "closed now", "-f", identityFile])
      expect(await attempt({ configFile, identityFile })).toBe("in\n")
      expect(await attempt({ configFile, identityFile: "/nonexistent/key" })).toBe("in\n")
      const only = file("only", `GlobalKnownHostsFile none\nIdentityAgent ${socket}\nIdentitiesOnly yes\n`)
      expect(await failure(attempt({ configFile: only, identityFile: "/nonexistent/key" }))).toMatchObject({
        code: "AUTH_FAILED",
      })
    } finally {
      process.kill(pid)
    }
  })

  test("a refused port, a name that nobody has and a host without a way to it have names of their own", async () => {
    expect(await failure(attempt({ port: await freePort() }))).toMatchObject({
      code: "CONNECTION_REFUSED",
      class: "transient",
    })
    expect(await failure(attempt({ host: "nobody.invalid" }))).toMatchObject({
      code: "NAME_NOT_FOUND",
      class: "transient",
    })
  })

  test.for([
    ["says nothing", "CONNECT_TIMEOUT", "transient", () => undefined],
    ["closes at once", "CLOSED_EARLY", "busy", (socket: { end(): void }) => socket.end()],
    ["resets", "CLOSED_EARLY", "busy", (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy()],
    [
      "is no sshd",
      "NOT_SSH",
      "transient",
      (socket: { end(text: string): void }) => socket.end("HTTP/1.0 400 Bad\r\n\r\n".repeat(30)),
    ],
  ] as const)("a server that %s is %s", async ([, code, kind, act]) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined).resume()
      act(socket)
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as { port: number }
    expect(await failure(attempt({ port }, { ms: 700 }))).toMatchObject({ code, class: kind })
    const connections = (): Promise<number> => new Promise((resolve) => server.getConnections((_, n) => resolve(n)))
    await expect.poll(connections).toBe(0)
    server.close()
  })

  test("a connection that is reset at any point of the login is no refusal", async () => {
    const ends: unknown[] = []
    for (let pieces = 1; pieces <= 14; pieces += 1) {
      let seen = 0
      const server = createServer((client) => {
        const upstream = createConnection(sshd.config.port, "127.0.0.1")
        client.on("error", () => upstream.destroy()).on("close", () => upstream.destroy())
        upstream.on("error", () => client.destroy()).on("close", () => client.destroy())
        client.on("data", (chunk) => upstream.write(chunk))
        upstream.on("data", (chunk) => {
          seen += 1
          if (seen >= pieces) client.resetAndDestroy()
          else client.write(chunk)
        })
      }).listen(0, "127.0.0.1")
      await once(server, "listening")
      const { port } = server.address() as { port: number }
      const configFile = file(
        `reset-${pieces}`,
        `GlobalKnownHostsFile none\nIdentityAgent none\nHostKeyAlias [127.0.0.1]:${sshd.config.port}\n`,
      )
      ends.push(await attempt({ port, configFile }).catch((error: unknown) => error))
      server.close()
    }
    const classes = ends.map((end) => (end instanceof TransportError ? end.class : end))
    expect(classes.filter((one) => one !== "transient" && one !== "busy" && one !== "in\n")).toEqual([])
    // Its name, keys, the first word on the login: some of them came, and not all.
    expect(classes).toContain("transient")
    expect(classes).toContain("busy")
  })

  test("too many logins at once is busy, not a refusal", async () => {
    await using full = await testSshd(["MaxStartups 1:100:1", "LoginGraceTime 60"])
    const idle = createConnection(full.config.port, "127.0.0.1")
    expect(String((await once(idle, "data"))[0])).toMatch(/^SSH-/)
    expect(await failure(attempt(full.config))).toMatchObject({
      code: "CLOSED_EARLY",
      class: "busy",
      reason: "Exceeded MaxStartups",
    })
    idle.destroy()
  })

  test("a host is reached through another one, and both connections end with the session", async () => {
    await using gate = await testSshd()
    const configFile = file(
      "jump",
      `Host inner\n  HostName 127.0.0.1\n  Port ${sshd.config.port}\n  ProxyJump gate\n` +
        `Host gate\n  HostName 127.0.0.1\n  Port ${gate.config.port}\n  IdentityFile ${gate.config.identityFile}\n` +
        `  UserKnownHostsFile ${gate.config.knownHostsFile}\n` +
        "Host *\n  GlobalKnownHostsFile none\n  IdentityAgent none\n",
    )
    const inner: SshConfig = { ...sshd.config, host: "inner", port: undefined, configFile }
    const transport = ssh2Transport(inner, { clock: systemClock })
    const session = await openSession(transport, { clock: systemClock, prelude: "" })
    expect((await session.ask(raw(["echo", "through"]))).stdout).toBe("through\n")
    expect(gate.sessions()).toHaveLength(1)
    await session[Symbol.asyncDispose]()
    await expect.poll(() => gate.sessions()).toEqual([])
  })

  test("a ProxyCommand carries the connection", async () => {
    const configFile = file(
      "proxy",
      "GlobalKnownHostsFile none\nIdentityAgent none\nProxyCommand bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3; kill $!'\n",
    )
    expect(await attempt({ configFile })).toBe("in\n")
    const broken = file("proxy-broken", "GlobalKnownHostsFile none\nIdentityAgent none\nProxyCommand false\n")
    expect(await failure(attempt({ configFile: broken }))).toMatchObject({ class: "busy" })
  })
})
