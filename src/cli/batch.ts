/** `hawser batch`: submits the jobs of a file, one JSON object a line. */
import { readFile } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import type { Command } from "commander"
import { HawserError, UsageError } from "../errors.ts"
import { fromPlain } from "../control/plain.ts"
import type { HawserApi, SubmitRequest, SubmitResult } from "../hawser.ts"
import { type Context, contextOf } from "./context.ts"
import { Exit, exitCodeOf, exitCodes } from "./exit.ts"
import { globalsOf } from "./globals.ts"
import { secretsOf } from "./jobOptions.ts"
import { isRejected } from "./submit.ts"

/** Jobs per request: an answer stays small, and the first are on their way while the last are read. */
const requestJobsMax = 500

interface Line {
  readonly number: number
  readonly request: SubmitRequest
}

export function registerBatch(hawser: Command): void {
  hawser
    .command("batch")
    .description("submit the jobs of a file (or - for stdin), one JSON object a line")
    .argument("<file>", "JSON lines; paths in it are relative to it")
    .option("-e, --executor <name>", "executor for lines that name none")
    .action(async (file: string, options: { executor?: string }, self: Command) => {
      const context = contextOf(globalsOf(self))
      const lines = await readLines(file, options.executor)
      await using api = await context.api()
      const results = await submitAll(api, lines)
      await report(context, api, lines, results)
    })
}

async function readLines(file: string, executor: string | undefined): Promise<Line[]> {
  const text = file === "-" ? await readStdin() : await readFile(file, "utf8").catch((error: unknown) => unreadable(file, error))
  const base = file === "-" ? process.cwd() : dirname(resolve(file))
  return text.split("\n").flatMap((line, index) => (line.trim() === "" ? [] : [parseLine(line, index + 1, base, executor)]))
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString("utf8")
}

function unreadable(file: string, error: unknown): never {
  throw new UsageError("BATCH_UNREADABLE", {
    summary: `${file} can't be read.`,
    reason: error instanceof Error ? error.message : String(error),
    advice: "Name a file of JSON lines, or - for stdin.",
  })
}

function parseLine(line: string, number: number, base: string, executor: string | undefined): Line {
  try {
    const spec: unknown = JSON.parse(line)
    const own = typeof spec === "object" && spec !== null && "executor" in spec
    const named = executor === undefined || own ? {} : { executor }
    return { number, request: { spec, base, secrets: secretsOf([spec]), ...named } }
  } catch (error) {
    throw new UsageError("BATCH_INVALID", {
      summary: `Line ${number} is not JSON.`,
      reason: error instanceof Error ? error.message : String(error),
      advice: "Write one JSON object a line; nothing was submitted.",
    })
  }
}

async function submitAll(api: HawserApi, lines: readonly Line[]): Promise<SubmitResult[]> {
  const results: SubmitResult[] = []
  for (let start = 0; start < lines.length; start += requestJobsMax) {
    const requests = lines.slice(start, start + requestJobsMax).map(({ request }) => request)
    results.push(...(await api.submit(requests)))
  }
  return results
}

async function report(context: Context, api: HawserApi, lines: readonly Line[], results: readonly SubmitResult[]): Promise<void> {
  const taken = results.flatMap((result) => (result.ok ? [result] : []))
  const accepted = await api.accepted(taken.map(({ job }) => job.id))
  const errors = results.flatMap((result, index) => (result.ok ? [] : [{ line: lines[index]?.number ?? 0, error: fromPlain(result.error) }]))
  if (context.json) context.print(JSON.stringify(accepted))
  else for (const job of accepted) context.print(`${job.id}\t${job.key}`)
  for (const { line, error } of errors) context.say(`line ${line}: ${error.message}`)
  const rejected = accepted.filter(isRejected)
  for (const job of rejected) context.say(`${job.key}: ${job.cause}: ${job.reason}`)
  const waiting = accepted.filter((job) => job.state === "new" || job.state === "staging")
  for (const reason of new Set(waiting.map((job) => job.reason))) context.say(`waiting: ${reason}`)
  const existed = taken.filter((result) => result.existed).length
  context.say(
    `${accepted.length - rejected.length} accepted${existed === 0 ? "" : ` (${existed} were known)`}, ${errors.length + rejected.length} rejected`,
  )
  if (errors.length + rejected.length > 0) throw new Exit(codeOf(errors.map(({ error }) => error), accepted.length))
}

/** If nothing at all could be submitted, the code says why; else 1. */
function codeOf(errors: readonly HawserError[], acceptedCount: number): number {
  const codes = new Set(errors.map(exitCodeOf))
  const [only] = codes
  return acceptedCount === 0 && codes.size === 1 && only !== undefined ? only : exitCodes.failed
}
