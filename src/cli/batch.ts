/** `hawser batch`: submits the jobs of a file, one JSON object a line. */
import { readFile } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import type { Command } from "commander"
import { UsageError } from "../errors.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { secretsOf } from "./jobOptions.ts"
import { type Asked, eachOf, submitMany } from "./many.ts"

export function registerBatch(hawser: Command): void {
  hawser
    .command("batch")
    .description("submit the jobs of a file (or - for stdin), one JSON object a line")
    .argument("<file>", "JSON lines; paths in it are relative to it")
    .option("-e, --executor <name>", "executor for lines that name none")
    .action(async (file: string, options: { executor?: string }, self: Command) => {
      const context = contextOf(globalsOf(self))
      const lines = await readLines(file, options.executor)
      const all = lines.flatMap((line) => eachOf(line, context))
      await using api = await context.api()
      await submitMany(context, api, all)
    })
}

async function readLines(file: string, executor: string | undefined): Promise<Asked[]> {
  const text =
    file === "-" ? await readStdin() : await readFile(file, "utf8").catch((error: unknown) => unreadable(file, error))
  const base = file === "-" ? process.cwd() : dirname(resolve(file))
  return text
    .split("\n")
    .flatMap((line, index) => (line.trim() === "" ? [] : [parseLine(line, index + 1, base, executor)]))
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

function parseLine(line: string, number: number, base: string, executor: string | undefined): Asked {
  try {
    const spec: unknown = JSON.parse(line)
    const own = typeof spec === "object" && spec !== null && "executor" in spec
    const named = executor === undefined || own ? {} : { executor }
    return { where: `line ${number}`, request: { spec, base, secrets: secretsOf([spec]), ...named } }
  } catch (error) {
    throw new UsageError("BATCH_INVALID", {
      summary: `Line ${number} is not JSON.`,
      reason: error instanceof Error ? error.message : String(error),
      advice: "Write one JSON object a line; nothing was submitted.",
    })
  }
}
