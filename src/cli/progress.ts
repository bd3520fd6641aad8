/** Progress: a bar that is rewritten in place on a terminal, plain lines elsewhere. */
import { type JobView, isFinal } from "../job/index.ts"
import type { Context } from "./context.ts"
import { tell } from "./streams.ts"

export interface Progress {
  ended(job: JobView, line: string): void
  /** A line above the bar. */
  say(line: string): void
  close(): void
}

const barWidth = 30

export function progress(context: Context, jobs: readonly JobView[]): Progress {
  const { stderr } = process
  const isTerminal = stderr.isTTY === true && !context.json
  let done = jobs.filter((job) => isFinal(job.state)).length
  let failed = 0
  const draw = (): void => {
    if (isTerminal) tell(stderr, `\r\u001B[K${barOf(done, jobs.length, failed).slice(0, columnsOf(stderr) - 1)}`)
  }
  const say = (line: string): void => {
    if (!isTerminal) return context.say(line)
    tell(stderr, `\r\u001B[K${line}\n`)
    draw()
  }
  draw()
  return {
    say,
    ended(job, line) {
      done += 1
      if (job.state !== "completed") failed += 1
      if (!isTerminal || job.state !== "completed") say(line)
      else draw()
    },
    close() {
      if (isTerminal) tell(stderr, "\n")
    },
  }
}

/** `[#####     ] 12 of 30, 1 not completed` */
export function barOf(done: number, all: number, failed: number): string {
  const filled = all === 0 ? barWidth : Math.floor((done / all) * barWidth)
  const tail = failed === 0 ? "" : `, ${failed} not completed`
  return `[${"#".repeat(filled)}${" ".repeat(barWidth - filled)}] ${done} of ${all}${tail}`
}

/** Some terminals don't know how wide they are, and say 0. */
function columnsOf({ columns }: { readonly columns?: number }): number {
  return columns === undefined || columns === 0 ? 80 : columns
}
