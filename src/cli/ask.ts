/** Asks the person at this terminal, on stderr. What is typed in secret is not shown. */
import type { ReadStream } from "node:tty"
import { type Answerer, answerCharsMax } from "../control/prompts.ts"
import type { Question } from "../hawser.ts"
import { whileTyping } from "./streams.ts"
import { type Typed, typeInto } from "./typing.ts"

/** Undefined: nobody is here who could answer, or who wants to be asked. */
export function answererFor(json: boolean, env: NodeJS.ProcessEnv = process.env): Answerer | undefined {
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true
  const isCi = !["", "0", "false", undefined].includes(env["CI"])
  if (!isTerminal || json || isCi) return undefined
  return async ({ executor, host, instructions, questions }, signal) =>
    whileTyping(async () => {
      signal.throwIfAborted()
      const answers: string[] = []
      // On a line of its own: a progress bar may stand where the cursor is.
      process.stderr.write(`\r\u001B[K${instructions === "" ? "" : `${shown(instructions)}\n`}`)
      for (const question of questions) answers.push(await answerTo(question, `${executor ?? host}: `, signal))
      return answers
    })
}

/** A question about what cannot be taken back, to the person of whom `answererFor` knows. Anything but yes is no. */
export async function confirm(question: string): Promise<boolean> {
  const { stdin, stderr } = process
  const typed = await whileTyping(async () => {
    stderr.write(question)
    try {
      return await read(stdin, (seen) => void stderr.write(seen), new AbortController().signal)
    } catch (error) {
      if (error instanceof Left) return ""
      throw error
    } finally {
      stderr.write("\n")
    }
  })
  return ["y", "yes"].includes(typed.trim().toLowerCase())
}

/** Rejects when the person won't (Ctrl-D), has left (Ctrl-C, which then does what it always does), or need not any more. */
async function answerTo({ text, echo }: Question, where: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(`${where}${shown(text)}`)
  let end = "\n"
  try {
    return await read(stdin, (seen) => void (echo && stderr.write(seen)), signal)
  } catch (error) {
    if (signal.aborted) end = "\nThe answer is not needed any more.\n"
    throw error
  } finally {
    stderr.write(end)
  }
}

/** A line, typed with the terminal in raw mode, which ends however this ends. */
async function read(stdin: ReadStream, show: (text: string) => void, signal: AbortSignal): Promise<string> {
  const restore = (): void => {
    stdin.setRawMode(false)
    stdin.pause()
  }
  let stop = (): void => undefined
  try {
    stdin.setRawMode(true)
    process.once("exit", restore)
    return await new Promise<string>((resolve, reject) => {
      let typed: Typed = { text: "", seen: "", end: null }
      const onData = (chunk: Buffer): void => {
        typed = typeInto(typed, chunk.toString("utf8"), answerCharsMax)
        show(typed.seen)
        if (typed.end === "done") resolve(typed.text)
        else if (typed.end !== null) reject(new Left(typed.end === "interrupted"))
      }
      const onGone = (): void => reject(new Left(false))
      const onAbort = (): void => reject(new Error("not needed any more"))
      stop = () => {
        stdin.off("data", onData).off("end", onGone).off("error", onGone)
        signal.removeEventListener("abort", onAbort)
      }
      signal.addEventListener("abort", onAbort, { once: true })
      stdin.on("data", onData).on("end", onGone).on("error", onGone)
      stdin.resume()
      if (stdin.readableEnded) onGone()
    })
  } catch (error) {
    // After the mode is restored: without a handler this ends us.
    if (error instanceof Left && error.isInterrupt) setImmediate(() => process.kill(process.pid, "SIGINT"))
    throw error
  } finally {
    stop()
    process.off("exit", restore)
    restore()
  }
}

class Left extends Error {
  readonly isInterrupt: boolean

  constructor(isInterrupt: boolean) {
    super("The person won't answer.")
    this.isInterrupt = isInterrupt
  }
}

/** What a server says must not move the cursor or change the terminal. */
function shown(text: string): string {
  return text.replaceAll(/[^\P{C}\n]/gu, "?")
}
