/** Reads known_hosts files: which keys are known for a host. (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) */
import { createHmac } from "node:crypto"

export interface KnownKey {
  readonly type: string
  /** The public key in SSH's own format. */
  readonly key: Buffer
  /** `authority`: not the host's key but that of one who vouches for it; `revoked`: must never be accepted. */
  readonly mark: "none" | "authority" | "revoked"
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** The name under which a host is looked up: `host`, or `[host]:port` away from port 22. */
export function lookupName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

/** The entries of `text` that speak of the host. Pure. Lines that can't be read are skipped, as OpenSSH does. */
export function knownKeys(text: string, file: string, name: string): KnownKey[] {
  return text.split("\n").flatMap((line, index): KnownKey[] => {
    const [first = "", ...others] = line.trim().split(/\s+/)
    if (first === "" || first.startsWith("#")) return []
    const mark = markOf(first)
    if (mark === undefined) return []
    const [hosts = "", type = "", base64 = ""] = mark === "none" ? [first, ...others] : others
    const key = Buffer.from(base64, "base64")
    if (key.length === 0 || !namesHost(hosts, name)) return []
    return [{ type, key, mark, file, line: index + 1 }]
  })
}

function markOf(word: string): KnownKey["mark"] | undefined {
  if (!word.startsWith("@")) return "none"
  if (word === "@cert-authority") return "authority"
  return word === "@revoked" ? "revoked" : undefined
}

function namesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith("|1|")) return isHashOf(hosts, name)
  const patterns = hosts.toLowerCase().split(",")
  const matches = (pattern: string): boolean => patternOf(pattern).test(name)
  if (patterns.some((pattern) => pattern.startsWith("!") && matches(pattern.slice(1)))) return false
  return patterns.some((pattern) => !pattern.startsWith("!") && matches(pattern))
}

/** `|1|salt|hash`: HMAC-SHA1 of the name. */
function isHashOf(field: string, name: string): boolean {
  const [, , salt = "", hash = ""] = field.split("|")
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash
}

function patternOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".")
  return new RegExp(`^${source}$`)
}
