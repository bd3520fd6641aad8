/** How to reach a host: what our config says, and for the rest what the user's OpenSSH client would do. */
import { execFile } from "node:child_process"
import { homedir, userInfo } from "node:os"
import { HawserError, TransportError, UsageError } from "../errors.ts"
import { readConfigFile } from "./sshConfigFile.ts"

/** What a user may say of a host. `host` may be an alias of the OpenSSH configuration. */
export interface SshConfig {
  readonly host: string
  readonly port?: number | undefined
  readonly user?: string | undefined
  /** Instead of those of the OpenSSH configuration. */
  readonly identityFile?: string | undefined
  readonly knownHostsFile?: string | undefined
  /** An OpenSSH configuration instead of the user's own. */
  readonly configFile?: string | undefined
}

export interface SshSettings {
  /** As the user named it. */
  readonly host: string
  readonly hostname: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  /** Only keys of `identityFiles`, also from the agent. */
  readonly identitiesOnly: boolean
  /** Path of the agent's socket. */
  readonly agent: string | undefined
  /** User certificates that were asked for, and which ssh2 can't use. */
  readonly certificateFiles: readonly string[]
  readonly knownHostsFiles: readonly string[]
  readonly hostKeyAlias: string | undefined
  readonly hostKeyAlgorithms: readonly string[]
  /** Hosts to go through, in order. */
  readonly jumps: readonly SshConfig[]
  readonly proxyCommand: string | undefined
  readonly aliveIntervalMs: number
  readonly aliveCountMax: number
  readonly connectTimeoutMs: number | undefined
  /** 4 or 6, or 0 for any. */
  readonly family: 0 | 4 | 6
}

/** Keywords in lower case, each with its values in order: the form in which `ssh -G` prints. */
export type Keywords = ReadonlyMap<string, readonly string[]>

/** Throws `NAME_INVALID`, or `SSH_CONFIG_INVALID` with ssh's own words. */
export async function resolveSettings(config: SshConfig, env: NodeJS.ProcessEnv = process.env): Promise<SshSettings> {
  for (const name of [config.host, config.user ?? ""]) assertName(name)
  return settingsOf(config, await keywordsOf(config), env)
}

/** The keywords of OpenSSH's own answer. Pure. */
export function parseKeywords(text: string): Keywords {
  const keywords = new Map<string, string[]>()
  for (const line of text.split("\n")) {
    const [, keyword, value] = /^(\S+) (.+)$/.exec(line.trim()) ?? []
    if (keyword === undefined || value === undefined) continue
    keywords.set(keyword, [...(keywords.get(keyword) ?? []), value])
  }
  return keywords
}

function settingsOf(config: SshConfig, keywords: Keywords, env: NodeJS.ProcessEnv): SshSettings {
  const one = (keyword: string): string | undefined => {
    const value = keywords.get(keyword)?.[0]
    return value === undefined || value.toLowerCase() === "none" ? undefined : value
  }
  const seconds = (keyword: string): number => Number(one(keyword) ?? 0) || 0
  const hostname = one("hostname") ?? config.host
  const port = config.port ?? Number(one("port") ?? 22)
  const user = config.user ?? one("user") ?? userInfo().username
  const alias = one("hostkeyalias")
  const tokens = { h: hostname, p: String(port), r: user, n: config.host, k: alias ?? config.host }
  const path = (value: string): string => expand(value, tokens, env)
  const paths = (keyword: string): string[] =>
    (one(keyword) === undefined ? [] : (keywords.get(keyword) ?? [])).map(path)
  const list = (keyword: string): string[] => (one(keyword)?.split(/\s+/) ?? []).map(path)
  const jumps = one("proxyjump")
  const proxyCommand = one("proxycommand")
  return {
    host: config.host,
    hostname,
    port,
    user,
    identityFiles: config.identityFile === undefined ? paths("identityfile") : [path(config.identityFile)],
    identitiesOnly: one("identitiesonly") === "yes",
    agent: agentOf(keywords.get("identityagent")?.[0], path, env),
    certificateFiles: paths("certificatefile"),
    knownHostsFiles: [
      ...(config.knownHostsFile === undefined ? list("userknownhostsfile") : [path(config.knownHostsFile)]),
      ...list("globalknownhostsfile"),
    ],
    hostKeyAlias: alias,
    hostKeyAlgorithms: one("hostkeyalgorithms")?.split(",") ?? [],
    jumps: jumps === undefined ? [] : jumps.split(",").map((jump) => jumpOf(jump.trim(), config.configFile)),
    proxyCommand: proxyCommand === undefined ? undefined : expandTokens(proxyCommand, tokens),
    aliveIntervalMs: (seconds("serveraliveinterval") || 15) * 1_000,
    aliveCountMax: seconds("serveralivecountmax") || 3,
    connectTimeoutMs: seconds("connecttimeout") * 1_000 || undefined,
    family: one("addressfamily") === "inet" ? 4 : one("addressfamily") === "inet6" ? 6 : 0,
  }
}

/** `ssh -G` where there is an OpenSSH client; else what can be read from ~/.ssh/config. */
async function keywordsOf(config: SshConfig): Promise<Keywords> {
  const args = [
    ...(config.configFile === undefined ? [] : ["-F", config.configFile]),
    ...(config.port === undefined ? [] : ["-p", String(config.port)]),
    ...(config.user === undefined ? [] : ["-l", config.user]),
  ]
  try {
    return parseKeywords(await output("ssh", ["-G", ...args, "--", config.host]))
  } catch (error) {
    if (error instanceof HawserError) throw error
    return readConfigFile(config)
  }
}

/** Rejects with a plain error where there is no such program. */
function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 10_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else if (error.code === "ENOENT") reject(new Error(error.message))
      else reject(configError(stderr.trim() || error.message))
    })
  })
}

function agentOf(
  value: string | undefined,
  path: (value: string) => string,
  env: NodeJS.ProcessEnv,
): string | undefined {
  if (value === undefined || value === "SSH_AUTH_SOCK") return env["SSH_AUTH_SOCK"] || undefined
  if (value === "none") return undefined
  return value.startsWith("$") ? env[value.replace(/^\$\{?|\}$/g, "")] : path(value)
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`. */
function jumpOf(text: string, configFile: string | undefined): SshConfig {
  const [, user, bracketed, plain, port] =
    /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?\/?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined) throw configError(`ProxyJump can't be read: ${text}`)
  return { host, user, port: port === undefined ? undefined : Number(port), configFile }
}

function expand(value: string, tokens: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): string {
  const home = homedir()
  const unquoted = value.replace(/^"(.*)"$/, "$1")
  const text = expandTokens(unquoted, { ...tokens, d: home, u: userInfo().username, i: String(userInfo().uid) })
  return text.replace(/^~(?=\/|$)/, home).replace(/\$\{(\w+)\}/g, (_, name: string) => env[name] ?? "")
}

function expandTokens(text: string, tokens: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/g, (whole, letter: string) => (letter === "%" ? "%" : (tokens[letter] ?? whole)))
}

/** As OpenSSH: nothing that a shell or an option parser could take for something else. (CVE-2023-51385) */
function assertName(name: string): void {
  if (!/^-|[\s'"`$\\;&<>|(){}]/.test(name)) return
  throw new UsageError("NAME_INVALID", {
    summary: `${JSON.stringify(name)} can't be the name of a host or user.`,
    reason: "It has characters that mean something to a shell, or begins with a dash.",
    advice: "Correct host or user in the config.",
  })
}

function configError(reason: string): TransportError {
  return new TransportError("SSH_CONFIG_INVALID", {
    summary: "The OpenSSH configuration can't be used.",
    reason,
    advice: "Correct ~/.ssh/config; `ssh -G HOST` shows how it is understood.",
    class: "auth",
  })
}
