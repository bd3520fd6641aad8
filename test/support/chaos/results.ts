/** The results of rounds: a JSON line each, appended as soon as a round is over; and the table that is made of them. */
import { appendFile, readFile, rename, writeFile } from "node:fs/promises"
import type { Round } from "./round.ts"

/** A last line that was cut short is no result; it will be played again. */
export async function readResults(path: string): Promise<Round[]> {
  const text = await readFile(path, "utf8").catch(() => "")
  return text.split("\n").flatMap((line) => {
    try {
      const round: Round = JSON.parse(line)
      return [round]
    } catch {
      return []
    }
  })
}

export async function addResult(path: string, round: Round): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => "")
  const start = text === "" || text.endsWith("\n") ? "" : "\n"
  await appendFile(path, `${start}${JSON.stringify(round)}\n`)
}

/** Without the results of these faults; the file as it was stays beside it, with `.old`. */
export async function dropResults(path: string, faults: readonly string[]): Promise<void> {
  const rounds = await readResults(path)
  const kept = rounds.filter(({ fault }) => !faults.includes(fault))
  if (kept.length === rounds.length) return
  await writeFile(`${path}.new`, kept.map((round) => `${JSON.stringify(round)}\n`).join(""))
  await rename(path, `${path}.old`)
  await rename(`${path}.new`, path)
}

const columns = [
  "fault",
  "rounds",
  "strikes",
  "jobs",
  "tokens",
  "natives",
  "completed",
  "ran",
  "runs",
  "lost",
  "twice",
  "replaced",
  "ends",
  "seconds",
  "wrong",
] as const

/** One line a fault, as Markdown. `wrong`: rounds that broke a promise. */
export function tableOf(rounds: readonly Round[]): string {
  const names = [...new Set(rounds.map(({ fault }) => fault))]
  const lines = names.map((name) =>
    lineOf(
      name,
      rounds.filter(({ fault }) => fault === name),
    ),
  )
  if (names.length > 1) lines.push(lineOf("all", rounds))
  return [columns, columns.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n")
}

function lineOf(name: string, rounds: readonly Round[]): string[] {
  const sum = (of: (round: Round) => number): string => String(rounds.reduce((total, round) => total + of(round), 0))
  const cells: Record<(typeof columns)[number], string> = {
    fault: name,
    rounds: String(rounds.length),
    strikes: sum(({ struck }) => struck.length),
    jobs: sum(({ jobs }) => jobs),
    tokens: sum(({ tokens }) => tokens),
    natives: sum(({ natives }) => natives),
    completed: sum(({ completed }) => completed),
    ran: sum(({ ran }) => ran),
    runs: sum(({ runs }) => runs),
    lost: sum(({ lost }) => lost),
    twice: sum(({ twice }) => twice),
    replaced: sum(({ replaced }) => replaced),
    ends: endsOf(rounds),
    seconds: median(rounds.map(({ seconds }) => seconds)),
    wrong: sum(({ wrong }) => (wrong.length > 0 ? 1 : 0)),
  }
  return columns.map((column) => cells[column])
}

function endsOf(rounds: readonly Round[]): string {
  const all = new Map<string, number>()
  for (const { ends } of rounds)
    for (const [end, count] of Object.entries(ends)) all.set(end, (all.get(end) ?? 0) + count)
  return [...all].map(([end, count]) => `${count} ${end}`).join(", ")
}

function median(values: readonly number[]): string {
  return String([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? "")
}
