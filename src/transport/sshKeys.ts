/** The keys to log in with: those of the agent and those in files, in OpenSSH's order. */
import { callbackify } from "node:util"
import ssh2 from "ssh2"
import type { ParsedKey, SignCallback, SigningRequestOptions } from "ssh2"
import { type KeyFile, type Prompt, parseKey, readKeyFile, unlockKeyFile } from "./sshKeyFile.ts"
import type { SshSettings } from "./sshSettings.ts"

/** One key, ready to be offered. */
export interface Candidate {
  /** For people: `key ~/.ssh/id_ed25519`, `agent key me@laptop`. */
  readonly label: string
  readonly agent: SingleKeyAgent
}

export interface Candidates {
  readonly keys: readonly Candidate[]
  /** Keys that could not be offered, and why. */
  readonly skipped: readonly string[]
  /** Files of keys whose passphrase nobody could be asked for. */
  readonly locked: readonly string[]
}

/** Signs with one key, wherever that lies. */
type Signer = (data: Buffer, options: SigningRequestOptions) => Promise<Buffer>

/** Keys that the agent holds for the configured files, then the agent's others, then the files themselves. */
export async function loginKeys(settings: SshSettings, prompt: Prompt | undefined): Promise<Candidates> {
  const skipped: string[] = []
  const locked: string[] = []
  const held = await keysOfAgent(settings.agent, skipped)
  const first: Candidate[] = []
  const last: Candidate[] = []
  for (const path of settings.identityFiles) {
    const file = await readKeyFile(path)
    if (file === undefined) {
      skipped.push(`${path}: no such file`)
      continue
    }
    const publicKey = file.publicKey ?? (await unlockedKey(file, prompt))
    const at = held.findIndex(({ key }) => publicKey !== undefined && samePublicKey(key, publicKey))
    const [known] = at < 0 ? [] : held.splice(at, 1)
    if (known !== undefined) first.push({ label: `agent key ${path}`, agent: known.agent })
    else if (file.problem !== undefined) skipped.push(`${path}: ${file.problem}`)
    else if (file.isLocked && prompt === undefined) locked.push(path)
    else if (publicKey !== undefined) last.push({ label: `key ${path}`, agent: fileAgent(path, publicKey, prompt) })
  }
  const others = settings.identitiesOnly ? [] : held
  const rest = others.map(({ key, agent }) => ({ label: `agent key ${key.comment || key.type}`, agent }))
  return { keys: [...first, ...rest, ...last], skipped, locked }
}

/** For the old formats, which show nothing of a locked key. */
async function unlockedKey(file: KeyFile, prompt: Prompt | undefined): Promise<ParsedKey | undefined> {
  if (!file.isLocked || file.problem !== undefined || prompt === undefined) return undefined
  return unlockKeyFile(file.path, prompt).catch(() => undefined)
}

interface HeldKey {
  readonly key: ParsedKey
  readonly agent: SingleKeyAgent
}

function keysOfAgent(socket: string | undefined, skipped: string[]): Promise<HeldKey[]> {
  if (socket === undefined) return Promise.resolve([])
  const agent = ssh2.createAgent(socket)
  return new Promise((resolve) => {
    agent.getIdentities((error, keys) => {
      if (error) skipped.push(`agent ${socket}: ${error.message}`)
      const sign =
        (key: ParsedKey): Signer =>
        (data, options) =>
          new Promise((signed, failed) => {
            agent.sign(key, data, options, (problem?: Error | null, signature?: Buffer) => {
              if (signature === undefined) failed(problem ?? new Error("The agent did not sign."))
              else signed(signature)
            })
          })
      const usable = (keys ?? []).map((key) => parseKey(key)).filter((key): key is ParsedKey => !(key instanceof Error))
      resolve(usable.map((key) => ({ key, agent: new SingleKeyAgent(key, sign(key)) })))
    })
  })
}

/** The passphrase is asked for when the server has said that it would take this key. */
function fileAgent(path: string, publicKey: ParsedKey, prompt: Prompt | undefined): SingleKeyAgent {
  return new SingleKeyAgent(publicKey, async (data, { hash }) => {
    const key = publicKey.isPrivateKey() ? publicKey : await unlockKeyFile(path, prompt)
    const signature: unknown = key.sign(data, hash)
    if (Buffer.isBuffer(signature)) return signature
    throw signature instanceof Error ? signature : new Error("It did not sign.")
  })
}

function samePublicKey(one: ParsedKey, other: ParsedKey): boolean {
  return one.getPublicSSH().equals(other.getPublicSSH())
}

/** An agent in ssh2's sense that knows one key: so that keys are tried one by one, in our order, and told apart. */
class SingleKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #key: ParsedKey
  readonly #sign: Signer

  constructor(key: ParsedKey, sign: Signer) {
    super()
    this.#key = key
    this.#sign = sign
  }

  override getIdentities(done: (error: Error | null, keys?: ParsedKey[]) => void): void {
    done(null, [this.#key])
  }

  override sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    const callback = typeof options === "function" ? options : done
    const signing = callbackify(this.#sign)
    signing(data, typeof options === "function" ? {} : options, (error, signature) => callback?.(error, signature))
  }
}
