/** Names that the engine derives: an attempt's token, its native name, a job's id. */
import { createHmac } from "node:crypto"

export interface TokenParts {
  readonly executor: string
  readonly key: string
  readonly generation: number
  readonly attempt: number
  readonly replacement: number
}

/**
 * `hz` + 13 characters [a-z0-9] (67 bits), an HMAC of what names the attempt under the state directory's seed. Two
 * controllers with copies of one state directory derive the same token, so they meet at the same remote lock.
 */
export function tokenFor(seed: string, parts: TokenParts): string {
  const text = JSON.stringify([parts.executor, parts.key, parts.generation, parts.attempt, parts.replacement])
  return `hz${base36(createHmac("sha256", seed).update(text).digest(), 13)}`
}

/** The name of an executor's Flux instance, in its KVS and in the environment of its processes. No attempt has such a token. */
export function instanceTokenFor(seed: string, executor: string): string {
  return `in${base36(
    createHmac("sha256", seed)
      .update(JSON.stringify(["instance", executor]))
      .digest(),
    13,
  )}`
}

/** A job's id: 10 characters, derived like a token, so that submitting a key again gives the same id. */
export function jobIdFor(seed: string, key: string, generation: number): string {
  return base36(
    createHmac("sha256", seed)
      .update(JSON.stringify(["job", key, generation]))
      .digest(),
    10,
  )
}

/** The token first, then as much of the job's name as the manager's limit and its filters allow. */
export function nativeNameFor(token: string, name: string, max: number): string {
  const readable = name.replace(/[^A-Za-z0-9_-]+/g, "_").replace(/^_+|_+$/g, "")
  return readable === "" ? token : `${token}-${readable}`.slice(0, max)
}

function base36(digest: Buffer, length: number): string {
  return BigInt(`0x${digest.toString("hex")}`)
    .toString(36)
    .padStart(50, "0")
    .slice(-length)
}
