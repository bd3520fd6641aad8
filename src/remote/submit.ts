/** Submitting once: whatever dies in between, one try of one token reaches the manager at most once. */
import type { Command, CommandResult } from "../command.ts"
import { UsageError } from "../errors.ts"
import { answerLines } from "./answer.ts"
import type { Place, SubmitReply } from "./layout.ts"

const timeoutMsDefault = 120_000

/** One try of one token, and what is run for it. */
export interface SubmitTry<T> {
  readonly token: string
  readonly tryNumber: number
  readonly inner: Command<T>
}

/**
 * What became of one of several. `held`: it was not touched, because one before it was not taken or took long. `failed`:
 * with what its parser threw, or the whole command would have.
 */
export type Told<T> =
  | SubmitReply<T>
  | { readonly status: "held" }
  | { readonly status: "failed"; readonly error: unknown }

/** How long several may go on with the next one (hz_submit). */
const severalMs = 5_000

/**
 * 128 and the last of the signals that end programs (XCPU, 24). Beyond are exit codes of a program's own: qsub's are the
 * number of an error modulo 256 (153 to 255), bsub's is 255. What is none of both has no words that a dialect knows.
 */
const signalledMax = 152

/**
 * Runs `inner` on the other side unless this try has been made, and records its answer beside the lock before it is
 * printed. Asked again, the recorded answer goes to `inner.parse`; what that throws passes through. A try above 1
 * needs a whole answer of the one before.
 */
export function submitOnce<T>(
  place: Place,
  token: string,
  tryNumber: number,
  inner: Command<T>,
): Command<SubmitReply<T>> {
  const command = submitSome(place, [{ token, tryNumber, inner }])
  return {
    ...command,
    parse(result) {
      const [told] = command.parse(result)
      if (told === undefined || told.status === "held") throw new Error("The only one is not held.")
      if (told.status === "failed") throw told.error
      return told
    },
  }
}

/** The same for several, one after the other as long as each is taken. What is told of each is in their order. */
export function submitSome<T>(place: Place, submissions: readonly SubmitTry<T>[]): Command<readonly Told<T>[]> {
  const words = submissions.flatMap(({ token, tryNumber, inner }) => {
    if (inner.stdin !== undefined) {
      throw new UsageError("SUBMIT_STDIN", { summary: "A submission can't have a stdin: what it needs is staged." })
    }
    return [String(inner.argv.length + 2), token, String(tryNumber), ...inner.argv]
  })
  const timeoutMs = Math.max(...submissions.map(({ inner }) => inner.timeoutMs ?? timeoutMsDefault))
  return {
    argv: ["hz_submit", place.home, String(place.owner), ...words],
    timeoutMs: submissions.length > 1 ? timeoutMs + severalMs : timeoutMs,
    sharesWatchdog: true,
    parse(result) {
      const answers = answersOf(result.stdout)
      return submissions.map(({ inner }, index) => {
        const lines = answers[index]
        if (lines !== undefined) return lines[0] === "held" ? { status: "held" } : told(() => replyOf(lines, inner))
        // Of those behind the one at which it ended nothing was touched: they come one after the other.
        return index > answers.length ? { status: "held" } : told(() => unansweredBy(result))
      })
    },
  }
}

/** Each ends with `end`; what is cut off is none. */
function answersOf(stdout: string): readonly (readonly string[])[] {
  const answers: string[][] = []
  let lines: string[] = []
  for (const line of stdout.split("\n")) {
    if (line !== "end") {
      lines.push(line)
      continue
    }
    answers.push(lines)
    lines = []
  }
  return answers
}

function told<T>(reply: () => SubmitReply<T>): Told<T> {
  try {
    return reply()
  } catch (error) {
    return { status: "failed", error }
  }
}

function unansweredBy(result: CommandResult): never {
  answerLines({ ...result, stdout: "" }, "effect", "Submitting")
  throw new Error("unreachable")
}

function replyOf<T>(lines: readonly string[], inner: Command<T>): SubmitReply<T> {
  const [head = "", ...rest] = lines
  const [status, first = "", code = ""] = head.split(" ")
  if (status === "missing") return { status }
  if (status === "guarded") return { status, owner: first }
  if (status !== "answered" || !/^\d{1,3}$/.test(code)) return { status: "in-doubt" }
  const of = (mark: string): string =>
    rest
      .filter((line) => line.startsWith(`${mark} `) || line.startsWith(`${mark.toUpperCase()} `))
      .map((line) => line.slice(2) + (line.startsWith(mark) ? "\n" : ""))
      .join("")
  const exitCode = Number(code)
  // A signal ended it, the watchdog's or somebody else's: nobody knows how far it had come.
  const timedOut = exitCode > 128 && exitCode <= signalledMax
  const value = inner.parse({ exitCode, stdout: of("o"), stderr: of("e"), timedOut })
  return { status, repeated: first === "1", value }
}
