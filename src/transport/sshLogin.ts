/** Logging in: which key or question comes next, and what was tried. */
import type { AnyAuthMethod, AuthHandlerMiddleware, AuthenticationType } from "ssh2"
import type { Prompt } from "./sshKeyFile.ts"
import type { Candidate, Candidates } from "./sshKeys.ts"

export interface Login {
  readonly handler: AuthHandlerMiddleware
  /** What was offered and refused, what could not be offered, and what the server would take. */
  tried(): LoginAttempts
}

export interface LoginAttempts {
  readonly offered: readonly string[]
  readonly skipped: readonly string[]
  readonly locked: readonly string[]
  readonly accepted: readonly string[]
}

/** Keys one by one, then the server's own questions where there is a person to answer them. */
export function login(user: string, { keys, skipped, locked }: Candidates, prompt: Prompt | undefined): Login {
  const offered: string[] = []
  let accepted: readonly string[] = []
  let hasAskedServer = false
  let hasAskedPerson = false
  const left: Candidate[] = [...keys]

  const next = (methods: readonly AuthenticationType[] | null): AnyAuthMethod | false => {
    // The first question is which methods the server takes. (RFC 4252, 5.2)
    if (!hasAskedServer) {
      hasAskedServer = true
      return { type: "none", username: user }
    }
    if (methods !== null) accepted = methods
    const key = accepted.includes("publickey") ? left.shift() : undefined
    if (key !== undefined) {
      offered.push(key.label)
      return { type: "agent", username: user, agent: key.agent }
    }
    if (prompt === undefined || hasAskedPerson || !accepted.includes("keyboard-interactive")) return false
    hasAskedPerson = true
    offered.push("answers to the server's questions")
    return { type: "keyboard-interactive", username: user, prompt: answering(prompt) }
  }
  return {
    handler: (methods: AuthenticationType[] | null) => next(methods),
    tried: () => ({ offered, skipped, locked, accepted }),
  }
}

type Ask = (
  name: string,
  instructions: string,
  language: string,
  prompts: readonly { readonly prompt: string }[],
  finish: (answers: string[]) => void,
) => void

function answering(prompt: Prompt): Ask {
  return (_name, instructions, _language, prompts, finish) => {
    const ask = async (): Promise<string[]> => {
      const answers: string[] = []
      for (const one of prompts) answers.push(await prompt([instructions, one.prompt].filter(Boolean).join("\n")))
      return answers
    }
    ask().then(finish, () => finish([]))
  }
}
