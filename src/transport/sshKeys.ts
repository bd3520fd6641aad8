/** The keys to log in with: those of the agent and those in files, in OpenSSH's order. */
import { callbackify } from "node:util"
import ssh2 from "ssh2"
import type { ParsedKey, SignCallback, SigningRequestOptions } from "ssh2"
import { type KeyFile, parseKey, readKeyFile } from "./sshKeyFile.ts"
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
  /** Files of keys that are locked, and why they stay so; one whose passphrase is asked for is there meanwhile. */
  readonly locked: ReadonlyMap<string, string>
}

export function labelOf(path: string): string {
  return `key ${path}`
}

/** The way to the private half of a locked key. */
export interface Unlocking {
  /** It needs no passphrase any more, or somebody can be asked for it. */
  canUnlock(file: KeyFile): boolean
  unlock(file: KeyFile): Promise<ParsedKey>
}

/** Signs with one key, wherever that lies. */
type Signer = (data: Buffer, options: SigningRequestOptions) => Promise<Buffer>

/** Keys that the agent holds for the configured files, then the agent's others, then the files themselves. */
export async function loginKeys(settings: SshSettings, unlocking: Unlocking): Promise<Candidates> {
  const skipped: string[] = []
  const locked = new Map<string, string>()
  const unlock = async (file: KeyFile): Promise<ParsedKey> => {
    locked.set(file.path, "its passphrase did not come in time")
    try {
      const key = await unlocking.unlock(file)
      locked.delete(file.path)
      return key
    } catch (error) {
      locked.set(file.path, error instanceof Error ? error.message : String(error))
      throw error
    }
  }
  const held = await keysOfAgent(settings.agent, skipped)
  const first: Candidate[] = []
  const last: Candidate[] = []
  for (const path of settings.identityFiles) {
    const file = await readKeyFile(path)
    if (file === undefined) {
      skipped.push(`${path}: no such file`)
      continue
    }
    const canUse = file.problem === undefined && (!file.isLocked || unlocking.canUnlock(file))
    const publicKey = file.publicKey ?? (canUse ? await unlock(file).catch(() => undefined) : undefined)
    const at = held.findIndex(({ key }) => publicKey !== undefined && samePublicKey(key, publicKey))
    const [known] = at < 0 ? [] : held.splice(at, 1)
    if (known !== undefined) first.push({ label: `agent key ${path}`, agent: known.agent })
    else if (file.problem !== undefined) skipped.push(`${path}: ${file.problem}`)
    else if (!canUse) locked.set(path, "locked by a passphrase")
    else if (publicKey !== undefined) last.push({ label: labelOf(path), agent: fileAgent(file, publicKey, unlock) })
  }
  const others = settings.identitiesOnly ? [] : held
  const rest = others.map(({ key, agent }) => ({ label: `agent key ${key.comment || key.type}`, agent }))
  return { keys: [...first, ...rest, ...last], skipped, locked }
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
function fileAgent(file: KeyFile, publicKey: ParsedKey, unlock: Unlocking["unlock"]): SingleKeyAgent {
  return new SingleKeyAgent(publicKey, async (data, { hash }) => {
    const key = publicKey.isPrivateKey() ? publicKey : await unlock(file)
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
