/** `hawser explain`: what is known of a job, from where, and what it waits for. Reads only. */
import type { Command } from "commander"
import { duration } from "../clock.ts"
import type { Explanation, Wait } from "../hawser.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"
import { failureLines, oneLine } from "./table.ts"

export function registerExplain(hawser: Command): void {
  hawser
    .command("explain")
    .description("say what is known of a job and from where, what it waits for and until when, and what can be done")
    .argument("<job>", "id, unique beginning of an id, or key")
    .action(async (name: string, _: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using reader = await context.reader()
      const explanation = await reader.explain(name)
      context.print(context.json ? JSON.stringify(explanation) : explanationText(explanation))
    })
}

/** A heading and its sentences for each part that has any. */
export function explanationText(explanation: Explanation): string {
  const { job, attempt, evidence, rule, waits, ends, advice, summary, asOf } = explanation
  const now = Date.parse(asOf)
  const parts: readonly (readonly [string, readonly string[]])[] = [
    [`${job.key} (${job.id}) on ${job.executor}`, [summary]],
    ["Attempt", attempt?.says ?? []],
    ["Evidence", evidence.map(({ source, ageMs, complete, says }) => `${source}, ${ageOf(ageMs, complete)}: ${says}`)],
    ["Judging", rule === null ? [] : [`Rule ${rule.number} (docs/judging.md): ${rule.says} ${rule.verdict}`]],
    ["It waits for", waits.map((wait) => waitLine(wait, now))],
    ["It ends with", ends],
    ["What you can do", [...(job.state === "failed" ? failureLines(job).slice(1) : []), ...advice]],
  ]
  return parts
    .filter(([, lines]) => lines.length > 0)
    .map(([head, lines]) => [head, ...lines.map((line) => `  ${oneLine(line)}`)].join("\n"))
    .join("\n")
}

function ageOf(ageMs: number, complete: boolean | null): string {
  const whole = complete === null ? "" : complete ? ", complete" : ", incomplete"
  return `${duration(ageMs)} ago${whole}`
}

function waitLine({ for: what, until }: Wait, now: number): string {
  if (until === null) return what
  const ms = Date.parse(until) - now
  return ms <= 0 ? `${what}: now` : `${what}: in ${duration(ms + 999)} (${until})`
}
