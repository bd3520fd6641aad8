/** The person who can be asked on the way to a host: for passphrases, and for what the server wants to know. */

export interface Question {
  /** As it is shown: `Passphrase for key ~/.ssh/id_ed25519: `. */
  readonly text: string
  /** Whether what is typed may be seen. */
  readonly echo: boolean
}

export interface Prompt {
  /** Its name in the config; null: a transport that belongs to none. */
  readonly executor: string | null
  /** `login.example.org:22` */
  readonly host: string
  /** What to read before the questions; may be empty. */
  readonly instructions: string
  readonly questions: readonly Question[]
}

/** Who could be asked. */
export interface Attendance {
  /** Somebody could be asked now. Nobody may be there a moment later. */
  readonly isThere: boolean
  /** Grows whenever somebody comes. */
  readonly arrivals: number
}

export interface Person extends Attendance {
  /** An answer for each question. Rejects when nobody answers. */
  ask(prompt: Prompt): Promise<readonly string[]>
}

export const nobody: Person = {
  isThere: false,
  arrivals: 0,
  ask: () => Promise.reject(new Error("Nobody was there to answer.")),
}
