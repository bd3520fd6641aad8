/** Judges a host's key by what is known of it. Strict: a key that nobody vouched for is refused. */
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import type { ServerHostKeyAlgorithm } from "ssh2"
import { TransportError } from "../errors.ts"
import { type KnownKey, knownKeys, lookupName } from "./knownHosts.ts"
import type { SshSettings } from "./sshSettings.ts"

/** What ssh2 can check. A key of type ssh-rsa is asked for by the names of its signatures, the oldest (SHA-1) last. */
const signatures: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
}

export interface KnownHost {
  /** As it stands in known_hosts: `host`, `[host]:port`, or the alias. */
  readonly name: string
  readonly keys: readonly KnownKey[]
  /** The file to which an accepted key would be added. */
  readonly file: string
}

export async function readKnownHost(settings: SshSettings): Promise<KnownHost> {
  const { hostname, port, hostKeyAlias, knownHostsFiles } = settings
  const name = hostKeyAlias?.toLowerCase() ?? lookupName(hostname, port)
  const keys = await Promise.all(
    knownHostsFiles.map(async (file) => knownKeys(await readFile(file, "utf8").catch(() => ""), file, name)),
  )
  return { name, keys: keys.flat(), file: knownHostsFiles[0] ?? "~/.ssh/known_hosts" }
}

/** The algorithms to ask the host for: those of its known keys first, so that it shows a key that can be judged. */
export function preferredAlgorithms(known: KnownHost, allowed: readonly string[]): ServerHostKeyAlgorithm[] {
  const types = known.keys.filter(({ mark }) => mark === "none").map(({ type }) => type)
  const all = [...types, ...Object.keys(signatures)].flatMap((type) => signatures[type] ?? [])
  const isAllowed = (name: string): boolean => (allowed.length === 0 ? name !== "ssh-rsa" : allowed.includes(name))
  return [...new Set(all)].filter(isAllowed)
}

/** Undefined when the key is the known one. Pure. */
export function judgeHostKey(known: KnownHost, key: Buffer): TransportError | undefined {
  const type = keyType(key)
  const same = known.keys.filter((entry) => entry.key.equals(key))
  const revoked = same.find(({ mark }) => mark === "revoked")
  if (revoked !== undefined) return revokedError(known, key, revoked)
  if (same.some(({ mark }) => mark === "none")) return undefined
  const other = known.keys.find((entry) => entry.mark === "none" && entry.type === type)
  return other === undefined ? unknownError(known, key) : changedError(known, key, other)
}

/** `SHA256:…`, as OpenSSH prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`
}

function keyType(key: Buffer): string {
  return key.toString("latin1", 4, 4 + key.readUInt32BE(0))
}

function unknownError(known: KnownHost, key: Buffer): TransportError {
  const authority = known.keys.find(({ mark }) => mark === "authority")
  const others = known.keys.filter(({ mark }) => mark === "none").map((entry) => `${entry.type} in ${where(entry)}`)
  const shown = `It showed a ${keyType(key)} key with the fingerprint ${fingerprint(key)}.`
  return refused("HOST_KEY_UNKNOWN", {
    summary: `The host key of ${known.name} is not known.`,
    reason:
      authority !== undefined
        ? `${shown} ${where(authority)} trusts an authority for it, and this transport can't check host certificates.`
        : others.length > 0
          ? `${shown} Known are keys of other types: ${others.join(", ")}.`
          : shown,
    advice: `Compare the fingerprint with what the site publishes; if it is the same: ${scanCommand(known, key)}`,
  })
}

function changedError(known: KnownHost, key: Buffer, other: KnownKey): TransportError {
  return refused("HOST_KEY_CHANGED", {
    summary: `The host key of ${known.name} has changed. Somebody may be listening in, or the host was set up anew.`,
    reason: `It showed ${fingerprint(key)} (${keyType(key)}); ${where(other)} has ${fingerprint(other.key)}.`,
    advice:
      "Ask the site whether the new fingerprint is right, before anything else; then: " +
      `ssh-keygen -R '${known.name}' -f ${other.file} && ${scanCommand(known, key)}`,
  })
}

function revokedError(known: KnownHost, key: Buffer, revoked: KnownKey): TransportError {
  return refused("HOST_KEY_REVOKED", {
    summary: `The host key of ${known.name} is revoked.`,
    reason: `It showed ${fingerprint(key)} (${keyType(key)}), which ${where(revoked)} forbids.`,
    advice: "Do not log in. Ask the site for its new host key.",
  })
}

function refused(code: string, facts: { summary: string; reason: string; advice: string }): TransportError {
  return new TransportError(code, { ...facts, class: "auth" })
}

function where({ file, line }: KnownKey): string {
  return `${file}:${line}`
}

/** For a person to run; it is shown and never executed. */
function scanCommand(known: KnownHost, key: Buffer): string {
  const [, host = known.name, port] = /^\[(.*)\]:(\d+)$/.exec(known.name) ?? []
  const type = keyType(key)
    .replace(/^ssh-/, "")
    .replace(/^ecdsa-.*/, "ecdsa")
  return `ssh-keyscan ${port === undefined ? "" : `-p ${port} `}-t ${type} ${host} >> ${known.file}`
}
