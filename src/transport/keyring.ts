/** The private keys that a person has unlocked: held in memory, so that reconnecting does not ask again. */
import type { ParsedKey } from "ssh2"

export class Keyring {
  /** By the file's text: another key under the same name is another key. */
  private readonly keys = new Map<string, ParsedKey>()
  private readonly opening = new Map<string, Promise<ParsedKey>>()

  has(text: string): boolean {
    return this.keys.has(text)
  }

  /** The key that is held, else what `open` gives: once for all who want it at a time. A failure is not held. */
  async key(text: string, open: () => Promise<ParsedKey>): Promise<ParsedKey> {
    const held = this.keys.get(text)
    if (held !== undefined) return held
    const opening =
      this.opening.get(text) ??
      open()
        .then((key) => {
          this.keys.set(text, key)
          return key
        })
        .finally(() => this.opening.delete(text))
    this.opening.set(text, opening)
    return opening
  }
}
