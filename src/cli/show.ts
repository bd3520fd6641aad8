/** `hawser show`: everything that is known of a job. Reads only. */
import type { Command } from "commander"
import type { AttemptView, JobView } from "../job/index.ts"
import { contextOf } from "./context.ts"
import { globalsOf } from "./globals.ts"

export function registerShow(hawser: Command): void {
  hawser
    .command("show")
    .description("show what is known of a job")
    .argument("<job>", "id, unique beginning of an id, or key")
    .action(async (name: string, _: object, self: Command) => {
      const context = contextOf(globalsOf(self))
      await using reader = await context.reader()
      const job = await reader.show(name)
      context.print(context.json ? JSON.stringify(job) : textOf(job))
    })
}

/** `attempt 1: failed (timeout), 4711 on n1, submitted …, started …, ended …` */
function attemptLine(attempt: AttemptView): readonly [string, string] {
  const { number, replacement, state, cause, exitCode, signal, nativeId, host, restarts } = attempt
  const how = [cause, exitCode === null ? null : `exit code ${exitCode}`, signal === null ? null : `signal ${signal}`]
  const known = how.filter((word) => word !== null)
  const facts = [
    known.length === 0 ? state : `${state} (${known.join(", ")})`,
    nativeId === null ? null : `${nativeId}${host === null ? "" : ` on ${host}`}`,
    restarts === 0 ? null : `restarted by its manager: ${restarts}`,
    ...(["submitted", "started", "ended"] as const).map((what) =>
      attempt[what] === null ? null : `${what} ${attempt[what]}`,
    ),
  ]
  const name = replacement === 0 ? `attempt ${number}` : `attempt ${number}.${replacement}`
  return [name, facts.filter((fact) => fact !== null).join(", ")]
}

export function textOf(job: JobView): string {
  const lines: (readonly [string, string | number | null])[] = [
    ["id", job.id],
    ["key", job.key],
    ["name", job.name],
    ["executor", `${job.executor} (${job.health})`],
    ["state", job.state + (job.cancelRequested ? ", to be cancelled" : "")],
    ["cause", job.cause],
    ["reason", job.reason],
    ["exit code", job.exitCode],
    ["signal", job.signal],
    ["native id", job.nativeId],
    ["attempt", job.attempt],
    ...(job.attempts.length > 1 ? job.attempts : []).map(attemptLine),
    ["as of", job.asOf],
    ["created", job.times.created],
    ["submitted", job.times.submitted],
    ["started", job.times.started],
    ["ended", job.times.ended],
    ["directory", job.directory],
    ["remote directory", job.remoteDirectory],
    ...job.notes.map((note): readonly [string, string] => ["note", note]),
  ]
  return lines.flatMap(([name, value]) => (value === null ? [] : [`${`${name}:`.padEnd(18)}${value}`])).join("\n")
}
