/** `hawser show`: everything that is known of a job. Reads only. */
import type { Command } from "commander"
import { type AttemptView, type JobView, formatSize, formatWalltime } from "../job/index.ts"
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
function attemptLine(attempt: AttemptView, first: AttemptView): readonly [string, string] {
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
    ...givenOtherwise(attempt, first),
  ]
  const name = replacement === 0 ? `attempt ${number}` : `attempt ${number}.${replacement}`
  return [name, facts.filter((fact) => fact !== null).join(", ")]
}

/** Null: it was not abandoned. */
function tombstoneLine({ token, tombstone }: AttemptView): string | null {
  if (tombstone === null) return null
  const { since, settled, proof } = tombstone
  return settled === null
    ? `${token}, open since ${since}: what may be left of it is cancelled when its manager answers`
    : `${token}, since ${since}, closed ${settled} (${proof}): nothing of it is left`
}

/** What escalation gave it that the first one had not. */
function givenOtherwise({ resources, excludeNodes }: AttemptView, first: AttemptView): readonly (string | null)[] {
  const { memory, memoryPerCpu, walltime, queue } = resources
  const size = (name: string, bytes: number | null, before: number | null) =>
    bytes === null || bytes === before ? null : `${name} ${formatSize(bytes)}`
  return [
    size("memory", memory, first.resources.memory),
    size("memory per CPU", memoryPerCpu, first.resources.memoryPerCpu),
    walltime === null || walltime === first.resources.walltime ? null : `walltime ${formatWalltime(walltime)}`,
    queue === null || queue === first.resources.queue ? null : `queue ${queue}`,
    excludeNodes.length === 0 ? null : `not on ${excludeNodes.join(" ")}`,
  ]
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
    ["restarts", job.attempts.length === 1 ? (job.attempts[0]?.restarts ?? 0) || null : null],
    ...(job.attempts.length > 1 ? job.attempts : []).map((one) => attemptLine(one, job.attempts[0] ?? one)),
    ...job.attempts.map((one): readonly [string, string | null] => ["tombstone", tombstoneLine(one)]),
    ["earlier", job.earlier === null ? null : `${job.earlier} had this key before`],
    ["later", job.later === null ? null : `${job.later} has this key now`],
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
