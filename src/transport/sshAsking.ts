/** What a person is asked for the sake of one login, while its time stands still. */
import type { Keyring } from "./keyring.ts"
import type { Limit } from "./limit.ts"
import type { Person } from "./person.ts"
import { unlockKey } from "./sshKeyFile.ts"
import type { Unlocking } from "./sshKeys.ts"
import type { Answer } from "./sshLogin.ts"
import type { SshSettings } from "./sshSettings.ts"

export interface Asker {
  readonly person: Person
  /** What is unlocked stays so. */
  readonly keyring: Keyring
  /** Its name in the config, for the person; null: none. */
  readonly executor: string | null
}

export interface Asking {
  readonly unlocking: Unlocking
  /** Undefined: nobody is there. */
  readonly answer: Answer | undefined
  /** A passphrase is still asked for: resolves when that is over, with whether the key is unlocked. Else false. */
  readonly unlocked: () => Promise<boolean>
}

export function asking({ person, keyring, executor }: Asker, settings: SshSettings, time: Limit): Asking {
  const host = `${settings.hostname}:${settings.port}`
  const ask: Answer = (instructions, questions) => person.ask({ executor, host, instructions, questions })
  let pending: Promise<unknown> | null = null
  return {
    answer: person.isThere
      ? (instructions, questions) => time.pausedFor(() => ask(instructions, questions))
      : undefined,
    unlocking: {
      canUnlock: ({ text }) => person.isThere || keyring.has(text),
      unlock: async ({ path, text }) => {
        const question = { text: `Passphrase for key ${path}: `, echo: false }
        const passphrase = async (instructions: string): Promise<string> =>
          (await ask(instructions, [question]))[0] ?? ""
        const key = time.pausedFor(() => keyring.key(text, () => unlockKey(text, passphrase)))
        pending = key
        try {
          return await key
        } finally {
          pending = null
        }
      },
    },
    unlocked: async () =>
      (await pending?.then(
        () => true,
        () => false,
      )) ?? false,
  }
}
