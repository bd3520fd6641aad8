/** The identity of a state directory. */
import type { Clock } from "../clock.ts"
import type { StateIdentity } from "./store.ts"

export function newIdentity(clock: Clock): StateIdentity {
  // 128 bits are 25 digits of base 36; the last twelve are as good as evenly spread.
  const digits = BigInt(`0x${clock.nonce(16)}`)
    .toString(36)
    .padStart(12, "0")
  return { stateId: digits.slice(-12), seed: clock.nonce(32) }
}
