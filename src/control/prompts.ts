/** The questions that are open, and those who can answer them: each gets each question, and the first answer counts. */
import type { Clock } from "../clock.ts"
import type { Person, Prompt } from "../hawser.ts"

/**
 * Puts the questions to a person; resolves with an answer for each. Rejects when the person won't, or is gone. `signal`
 * is aborted when it is settled: answered by somebody else, or not wanted any more.
 */
export type Answerer = (prompt: Prompt, signal: AbortSignal) => Promise<readonly string[]>

export const answerCharsMax = 1_024
/** As long as an sshd gives somebody to log in. (LoginGraceTime, sshd_config(5)) */
const answerMsMax = 120_000

interface Open {
  readonly prompt: Prompt
  readonly asked: Set<Answerer>
  readonly settled: AbortController
  readonly resolve: (answers: readonly string[]) => void
  readonly reject: (why: Error) => void
}

/** Answers go to who has asked, and nowhere else: they are in no log, no error and no event. */
export class Prompts implements Person, Disposable {
  private readonly clock: Clock
  private readonly answerers = new Set<Answerer>()
  private readonly open = new Set<Open>()
  private readonly listeners = new Set<(prompt: Prompt) => void>()
  private arrived = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  get isThere(): boolean {
    return this.answerers.size > 0
  }

  get arrivals(): number {
    return this.arrived
  }

  /** Gets what is open now and what is asked later, until the function is called that this returns. */
  join(answerer: Answerer): () => void {
    this.answerers.add(answerer)
    this.arrived += 1
    for (const one of this.open) this.put(one, answerer)
    return () => {
      this.answerers.delete(answerer)
      for (const one of this.open) leave(one, answerer)
    }
  }

  /**
   * Resolves with what a person is asked for the sake of this executor, if it is open now, or as soon as it is. Never where
   * nobody is; ends with the signal.
   */
  asked(executor: string, signal: AbortSignal): Promise<Prompt> {
    return new Promise((resolve) => {
      const listen = (prompt: Prompt): void => {
        if (prompt.executor === executor) resolve(prompt)
      }
      for (const { prompt } of this.open) listen(prompt)
      this.listeners.add(listen)
      signal.addEventListener("abort", () => this.listeners.delete(listen), { once: true })
    })
  }

  /** Rejects when nobody is left who could answer, and when the time is over. */
  async ask(prompt: Prompt): Promise<readonly string[]> {
    const settled = new AbortController()
    const answered = new Promise<readonly string[]>((resolve, reject) => {
      if (!this.isThere) reject(new Error("nobody was there to answer"))
      const one: Open = { prompt, asked: new Set(), settled, resolve, reject }
      this.open.add(one)
      settled.signal.addEventListener("abort", () => this.open.delete(one), { once: true })
      this.clock.sleep(answerMsMax, settled.signal).then(
        () => reject(new Error(`nobody answered within ${answerMsMax / 1_000} s`)),
        () => undefined,
      )
      for (const answerer of this.answerers) this.put(one, answerer)
      if (this.isThere) for (const listen of this.listeners) listen(prompt)
    })
    return answered.finally(() => settled.abort())
  }

  [Symbol.dispose](): void {
    for (const { reject } of this.open) reject(new Error("the controller is closing"))
  }

  private put(one: Open, answerer: Answerer): void {
    one.asked.add(answerer)
    answerer(one.prompt, one.settled.signal).then(
      (answers) => (isFitting(one.prompt, answers) ? one.resolve(answers) : leave(one, answerer)),
      () => leave(one, answerer),
    )
  }
}

function leave({ asked, reject }: Open, answerer: Answerer): void {
  if (asked.delete(answerer) && asked.size === 0) reject(new Error("nobody answered"))
}

function isFitting({ questions }: Prompt, answers: readonly string[]): boolean {
  return answers.length === questions.length && answers.every((answer) => answer.length <= answerCharsMax)
}
