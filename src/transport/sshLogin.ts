/** Logging in: which key or question comes next, and what was tried. */
import type { AnyAuthMethod, AuthHandlerMiddleware, AuthenticationType } from "ssh2"
import type { Question } from "./person.ts"
import { type Candidate, type Candidates, labelOf } from "./sshKeys.ts"

export interface Login {
  readonly handler: AuthHandlerMiddleware
  /** What was offered and refused, what could not be offered, and what the server would take. */
  tried(): LoginAttempts
}

export interface LoginAttempts {
  readonly offered: readonly string[]
  readonly skipped: readonly string[]
  readonly locked: ReadonlyMap<string, string>
  readonly accepted: readonly string[]
}

/** What the server wants to know of the person; an answer for each question. */
export type Answer = (instructions: string, questions: readonly Question[]) => Promise<readonly string[]>

/** Keys one by one, then the server's own questions; `answer` is undefined where nobody is there for them. */
export function login(user: string, { keys, skipped, locked }: Candidates, answer: Answer | undefined): Login {
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
    if (answer === undefined || hasAskedPerson || !accepted.includes("keyboard-interactive")) return false
    hasAskedPerson = true
    offered.push("answers to the server's questions")
    return { type: "keyboard-interactive", username: user, prompt: answering(answer) }
  }
  return {
    handler: (methods: AuthenticationType[] | null) => next(methods),
    tried: () => {
      // A key that stayed locked was not refused.
      const unused = [...locked.keys()].map(labelOf)
      return { offered: offered.filter((label) => !unused.includes(label)), skipped, locked, accepted }
    },
  }
}

type Ask = (
  name: string,
  instructions: string,
  language: string,
  prompts: readonly { readonly prompt: string; readonly echo?: boolean }[],
  finish: (answers: string[]) => void,
) => void

function answering(answer: Answer): Ask {
  return (name, instructions, _language, prompts, finish) => {
    // A round without questions only tells something. (RFC 4256, 3.2)
    if (prompts.length === 0) return finish([])
    const questions = prompts.map(({ prompt, echo = false }) => ({ text: prompt, echo }))
    answer([name, instructions].filter(Boolean).join("\n"), questions).then(
      (answers) => finish([...answers]),
      () => finish([]),
    )
  }
}
