/** A private key in a file: its public half without its passphrase, and its signature with it. */
import { readFile, stat } from "node:fs/promises"
import ssh2 from "ssh2"
import type { ParsedKey } from "ssh2"

export interface KeyFile {
  readonly path: string
  readonly text: string
  /** Undefined where it can't be known without the passphrase. */
  readonly publicKey: ParsedKey | undefined
  readonly isLocked: boolean
  /** Why it can't be used at all. */
  readonly problem: string | undefined
}

/** Undefined where there is no such file: the default names usually don't exist. */
export async function readKeyFile(path: string): Promise<KeyFile | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => error)
  if (text instanceof Error) {
    if (text.code === "ENOENT") return undefined
    return { path, text: "", publicKey: undefined, isLocked: false, problem: text.message }
  }
  const key = parseKey(text)
  const isLocked = key instanceof Error && /encrypted/i.test(key.message)
  const publicKey = key instanceof Error ? await publicHalf(path, text) : key
  const problem = (await looseMode(path)) ?? (key instanceof Error && !isLocked ? key.message : undefined)
  return { path, text, publicKey, isLocked, problem }
}

/** As ssh: a wrong passphrase is asked for again, and an empty one is none. */
const passphrasesMax = 3

/** The private key. Rejects with why it stays locked; `ask` gets what to say before the question. */
export async function unlockKey(text: string, ask: (instructions: string) => Promise<string>): Promise<ParsedKey> {
  for (let tries = 0; tries < passphrasesMax; tries += 1) {
    const passphrase = await ask(tries === 0 ? "" : "The passphrase is wrong.")
    if (passphrase === "") throw new Error("no passphrase was given")
    const key = parseKey(text, passphrase)
    if (!(key instanceof Error)) return key
  }
  throw new Error(`the passphrase was wrong ${passphrasesMax} times`)
}

/** What can be read of a key in any of its forms. */
export function parseKey(data: unknown, passphrase?: string): ParsedKey | Error {
  if (isKey(data)) return data
  if (typeof data !== "string" && !Buffer.isBuffer(data)) return new Error("It is no key.")
  const parsed: unknown = ssh2.utils.parseKey(data, passphrase)
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed
  if (key instanceof Error) return key
  return isKey(key) ? key : new Error("It is no key.")
}

function isKey(value: unknown): value is ParsedKey {
  return typeof value === "object" && value !== null && "getPublicSSH" in value
}

/** From `path.pub`, else from the key's own container, where it stands in clear. */
async function publicHalf(path: string, text: string): Promise<ParsedKey | undefined> {
  const beside = parseKey(await readFile(`${path}.pub`, "utf8").catch(() => ""))
  if (!(beside instanceof Error)) return beside
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(text)?.[1]
  if (body === undefined) return undefined
  // "openssh-key-v1\0", three strings (cipher, kdf, its options), the number of keys, the public key. (PROTOCOL.key)
  const data = Buffer.from(body, "base64")
  let at = 15
  for (let skipped = 0; skipped < 3; skipped += 1) at += 4 + data.readUInt32BE(at)
  at += 4
  const blob = data.subarray(at + 4, at + 4 + data.readUInt32BE(at))
  const key = parseKey(`${blob.toString("latin1", 4, 4 + blob.readUInt32BE(0))} ${blob.toString("base64")}`)
  return key instanceof Error ? undefined : key
}

/** As OpenSSH: a key of ours that others can read is not used. */
async function looseMode(path: string): Promise<string | undefined> {
  const { mode, uid } = await stat(path)
  if ((mode & 0o077) === 0 || uid !== process.getuid?.()) return undefined
  return `its permissions ${(mode & 0o777).toString(8).padStart(4, "0")} are too open (chmod 600 it)`
}
