/** The questions that one client has been sent and has not answered yet. */
import type { Answerer, Prompts } from "./prompts.ts"
import { notificationLine } from "./protocol.ts"

interface Sent {
  readonly resolve: (answers: readonly string[]) => void
  readonly reject: (why: Error) => void
}

export class Questions {
  private readonly prompts: Prompts
  private readonly send: (line: string) => void
  private readonly sent = new Map<number, Sent>()
  private lastId = 0
  private leavePrompts: (() => void) | null = null

  constructor(prompts: Prompts, send: (line: string) => void) {
    this.prompts = prompts
    this.send = send
  }

  /** A person is there from now on. */
  attend(): void {
    this.leavePrompts ??= this.prompts.join((prompt, signal) => this.put(prompt, signal))
  }

  /** A person is there. */
  get isAttended(): boolean {
    return this.leavePrompts !== null
  }

  /** False: it was settled before. Null answers: the person won't. */
  answer(id: number, answers: readonly string[] | null): boolean {
    const sent = this.sent.get(id)
    this.sent.delete(id)
    if (answers === null) sent?.reject(new Error("not answered"))
    else sent?.resolve(answers)
    return sent !== undefined
  }

  /** The client is gone, and nobody is there any more. */
  leave(): void {
    this.leavePrompts?.()
    this.sent.clear()
  }

  private put: Answerer = (prompt, signal) => {
    const id = ++this.lastId
    const answers = new Promise<readonly string[]>((resolve, reject) => this.sent.set(id, { resolve, reject }))
    const onSettled = (): void => {
      if (this.sent.delete(id)) this.send(notificationLine("prompt.settled", { id }))
    }
    signal.addEventListener("abort", onSettled, { once: true })
    this.send(notificationLine("prompt", { id, prompt }))
    return answers
  }
}
