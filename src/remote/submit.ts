/** Submitting once: whatever dies in between, one try of one token reaches the manager at most once. */
import type { Command } from "../command.ts"
import { UsageError } from "../errors.ts"
import { answerLines } from "./answer.ts"
import type { Place, SubmitReply } from "./layout.ts"

const timeoutMsDefault = 120_000

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
  if (inner.stdin !== undefined) {
    throw new UsageError("SUBMIT_STDIN", { summary: "A submission can't have a stdin: what it needs is staged." })
  }
  return {
    argv: ["hz_submit", place.home, token, String(tryNumber), String(place.owner), ...inner.argv],
    timeoutMs: inner.timeoutMs ?? timeoutMsDefault,
    sharesWatchdog: true,
    parse: (result) => replyOf(answerLines(result, "effect", "Submitting"), inner),
  }
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
  const value = inner.parse({ exitCode, stdout: of("o"), stderr: of("e"), timedOut: exitCode > 128 })
  return { status, repeated: first === "1", value }
}
