import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { homedir, tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { keywordsFor } from "../../src/transport/sshConfigFile.ts"
import { type SshConfig, type SshSettings, parseKeywords, resolveSettings } from "../../src/transport/sshSettings.ts"
import { failure } from "./contract.ts"

const hasSsh = spawnSync("ssh", ["-V"]).error === undefined
let directory = ""
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), "hawser-ssh-config-"))))
afterAll(() => rmSync(directory, { recursive: true }))

function settings(text: string, config: Partial<SshConfig> = {}, env: NodeJS.ProcessEnv = {}): Promise<SshSettings> {
  const configFile = join(directory, "config")
  writeFileSync(configFile, text)
  return resolveSettings({ host: "login", configFile, ...config }, env)
}

describe.skipIf(!hasSsh)(hasSsh ? "settings" : "settings (skipped: no OpenSSH client)", () => {
  test("without a configuration the defaults are OpenSSH's, but a dead peer is noticed", async () => {
    expect(await settings("")).toMatchObject({
      hostname: "login",
      port: 22,
      user: userInfo().username,
      agent: undefined,
      jumps: [],
      proxyCommand: undefined,
      aliveIntervalMs: 15_000,
      aliveCountMax: 3,
      connectTimeoutMs: undefined,
      identitiesOnly: false,
    })
  })

  test("an alias brings its host, port, user, keys and files", async () => {
    const text = `Host login
  HostName %h.example.org
  Port 2222
  User me
  IdentityFile ~/.ssh/cluster
  IdentityFile %d/.ssh/%r@%h
  IdentitiesOnly yes
  IdentityAgent ~/agent.sock
  UserKnownHostsFile ~/.ssh/known_cluster /etc/known
  GlobalKnownHostsFile none
  HostKeyAlias Cluster
  ServerAliveInterval 5
  ServerAliveCountMax 2
  ConnectTimeout 7
  AddressFamily inet
  CertificateFile ~/cert.pub
  HostKeyAlgorithms ssh-ed25519,rsa-sha2-512`
    const home = homedir()
    expect(await settings(text)).toMatchObject({
      hostname: "login.example.org",
      port: 2222,
      user: "me",
      identityFiles: [`${home}/.ssh/cluster`, `${home}/.ssh/me@login.example.org`],
      identitiesOnly: true,
      agent: `${home}/agent.sock`,
      knownHostsFiles: [`${home}/.ssh/known_cluster`, "/etc/known"],
      hostKeyAlias: "cluster",
      aliveIntervalMs: 5_000,
      aliveCountMax: 2,
      connectTimeoutMs: 7_000,
      family: 4,
      certificateFiles: [`${home}/cert.pub`],
      hostKeyAlgorithms: ["ssh-ed25519", "rsa-sha2-512"],
    })
  })

  test("what our own config says goes before", async () => {
    const config = { port: 22, user: "you", identityFile: "~/mine", knownHostsFile: "/known" }
    const found = await settings("Host *\n  Port 2222\n  User me\n  IdentityFile ~/theirs\n", config)
    expect(found).toMatchObject({ port: 22, user: "you", identityFiles: [`${homedir()}/mine`] })
    expect(found.knownHostsFiles[0]).toBe("/known")
  })

  test("hosts to go through are taken in order, with user and port", async () => {
    const { jumps } = await settings("Host *\n  ProxyJump me@gate:2222,ssh://inner,[fe80::1]:24\n")
    expect(jumps).toMatchObject([
      { host: "gate", user: "me", port: 2222 },
      { host: "inner" },
      { host: "fe80::1", port: 24 },
    ])
  })

  test("a ProxyCommand has its tokens filled in", async () => {
    const { proxyCommand } = await settings("Host *\n  ProxyCommand nc -X %% %h %p %r\n", { user: "me" })
    expect(proxyCommand).toBe("nc -X % login 22 me")
  })

  test("the agent is that of the environment unless the configuration says otherwise", async () => {
    const env = { SSH_AUTH_SOCK: "/run/agent", OTHER: "/run/other" }
    expect((await settings("", {}, env)).agent).toBe("/run/agent")
    expect((await settings("Host *\n  IdentityAgent none\n", {}, env)).agent).toBeUndefined()
    expect((await settings("Host *\n  IdentityAgent $OTHER\n", {}, env)).agent).toBe("/run/other")
  })

  test("a configuration that OpenSSH refuses is told in its words", async () => {
    expect(await failure(settings("Nonsense yes\n"))).toMatchObject({
      code: "SSH_CONFIG_INVALID",
      reason: expect.stringContaining("nonsense"),
    })
  })

  test("names that a shell or an option parser would take for something else are refused", async () => {
    for (const host of ["-oProxyCommand=x", "a;b", "$(x)", "a b"]) {
      expect(await failure(settings("", { host }))).toMatchObject({ code: "NAME_INVALID" })
      expect(await failure(settings("", { user: host }))).toMatchObject({ code: "NAME_INVALID" })
    }
  })
})

test("without an OpenSSH client the common keywords are read from the configuration file", () => {
  const text =
    "Host login\n  HostName %h.example.org\n  User me\n  IdentityFile ~/a\n  IdentityFile ~/b\nHost *\n  Port 2222\n"
  const keywords = keywordsFor({ host: "login" }, text)
  expect(Object.fromEntries(keywords)).toMatchObject({
    hostname: ["login.example.org"],
    user: ["me"],
    port: ["2222"],
    identityfile: ["~/a", "~/b"],
  })
  expect(keywordsFor({ host: "other" }, "").get("hostname")).toEqual(["other"])
})

interface Case {
  readonly case: string
  readonly config: string
  readonly host: string
  readonly home?: string
  readonly args?: readonly string[]
  readonly expect: Readonly<Record<string, string | readonly string[] | boolean>>
}

/** Beside the repository, or beside the folder of its work trees. */
const casesPath = ["../../..", "../../../.."]
  .map((up) => fileURLToPath(new URL(`${up}/shared/cases/sshconfig-openssh.jsonl`, import.meta.url)))
  .find((path) => existsSync(path))
const cases: Case[] = casesPath
  ? readFileSync(casesPath, "utf8")
      .trim()
      .split("\n")
      .map((line): Case => JSON.parse(line))
  : []

describe.skipIf(cases.length === 0 || !hasSsh)("cases of other projects (skipped where they are not at hand)", () => {
  test.for(cases.filter(({ args = [] }) => args.length === 0))("$case", async ({ config, host, expect: expected }) => {
    // The cases were made with this option on the command line.
    const resolving = settings(`IgnoreUnknown *\n${config}`, { host })
    if (expected["error"] === true) return expect(await failure(resolving)).toMatchObject({ class: "auth" })
    const { hostname, port, user } = await resolving
    if (typeof expected["hostname"] === "string") expect(hostname).toBe(expected["hostname"])
    if (typeof expected["port"] === "string") expect(port).toBe(Number(expected["port"]))
    if (typeof expected["user"] === "string") expect(user).toBe(expected["user"])
  })
})

test("what ssh -G prints is read line by line", () => {
  expect(parseKeywords("host a\nidentityfile ~/x y\nidentityfile ~/z\nempty\n").get("identityfile")).toEqual([
    "~/x y",
    "~/z",
  ])
})
