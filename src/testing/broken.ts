/** Engines that break one rule each, made by what is put around them: to see that the simulator finds them out. */
import type { ExecutorParts } from "../executors/parts.ts"
import { SchedulerError, UsageError } from "../errors.ts"
import type { Evidence } from "../job/index.ts"
import type { JobStore } from "../persist/index.ts"
import { homeName } from "../remote/layout.ts"
import { type ResultsDisk, localDisk } from "../remote/resultsDisk.ts"
import type { Native, Scheduler } from "../schedulers/scheduler.ts"
import type { Session } from "../transport/session.ts"
import type { Trouble } from "./trouble.ts"

export const brokenEngines = [
  /** The intent is not on disk when the job is submitted. */
  "accept-before-intent",
  /** A submission that timed out counts as refused, and is made again. */
  "resubmit-on-time-out",
  /** What the queue does not show has completed. */
  "absence-means-done",
  /** The wrapper runs the payload, whoever holds the guard. */
  "no-guard",
  /** The journal is not fsynced. */
  "no-fsync",
  /** A fence is relied on from the start, though nothing has shown that it stops a native. */
  "fence-unshown",
  /** What vanished is replaced without its guard having been taken. */
  "no-fence",
  /** No test job of the engine's own ever gets to the manager. */
  "no-test-job",
  /** Results count as here before they are on disk. */
  "no-results-fsync",
] as const
export type Broken = (typeof brokenEngines)[number]

/** The parts of the executor, with what is broken about them. What is not about the executor is broken elsewhere. */
export function brokenParts(parts: ExecutorParts, broken: Broken | null): ExecutorParts {
  if (broken === "resubmit-on-time-out") return { ...parts, scheduler: resubmitting(parts.scheduler) }
  if (broken === "absence-means-done") return { ...parts, scheduler: credulous(parts.scheduler) }
  if (broken === "no-fence") return withSession(parts, unfenced)
  if (broken === "no-test-job") return { ...parts, scheduler: withoutTests(parts.scheduler) }
  if (broken === "no-results-fsync") return { ...parts, resultsDisk: unsynced(parts.resultsDisk ?? localDisk) }
  return parts
}

/** Nodes that are apart are all that finds out who takes a fence for shown; jobs that have all vanished before one has started, who never shows it. */
export function brokenTrouble(trouble: Trouble, broken: Broken | null): Trouble {
  if (broken === "no-test-job") return { ...trouble, crashes: [{ at: 400, lossMs: 60_000, downMs: 1_000 }] }
  return broken === "fence-unshown" ? { ...trouble, apart: true } : trouble
}

/** Writes down of the virtual cluster what its first job would have to show. */
export async function takeForShown(store: JobStore, broken: Broken | null): Promise<void> {
  if (broken !== "fence-unshown") return
  const executor = "cluster"
  const root = `/home/me/.hawser/${homeName(store.identity.stateId, executor)}`
  await store.append([{ executor, type: "visible", root, machine: "m1", shownBy: null }])
}

function withSession(parts: ExecutorParts, bend: (session: Session) => Session): ExecutorParts {
  const { openSession } = parts
  if (openSession === undefined) return parts
  return { ...parts, openSession: async (signal) => bend(await openSession(signal)) }
}

function unfenced(session: Session): Session {
  return {
    ...session,
    act: (command, signal) => {
      const [verb, , , , owner = ""] = command.argv
      if (verb !== "hz_fence") return session.act(command, signal)
      const stdout = `fence won ${owner}\nend\n`
      return Promise.resolve(command.parse({ exitCode: 0, stdout, stderr: "", timedOut: false }))
    },
  }
}

function unsynced(disk: ResultsDisk): ResultsDisk {
  return {
    ...disk,
    create: async (path) => ({ ...(await disk.create(path)), sync: () => Promise.resolve() }),
    syncFolder: () => Promise.resolve(),
  }
}

function withoutTests(scheduler: Scheduler): Scheduler {
  return {
    ...scheduler,
    directives: (submission) => {
      if (submission.spec.name === "hawser-test") throw new UsageError("SPEC_INVALID", { summary: "It is refused." })
      return scheduler.directives(submission)
    },
  }
}

function resubmitting(scheduler: Scheduler): Scheduler {
  return {
    ...scheduler,
    submit: (submission) => {
      const command = scheduler.submit(submission)
      return {
        ...command,
        parse: (result) => {
          try {
            return command.parse(result)
          } catch (error) {
            if (!(error instanceof SchedulerError) || error.class !== "in-doubt") throw error
            throw new SchedulerError(error.code, { summary: error.summary, reason: error.reason, class: "transient" })
          }
        },
      }
    },
  }
}

function credulous(scheduler: Scheduler): Scheduler {
  return {
    ...scheduler,
    queue: (natives) => {
      const command = scheduler.queue(natives)
      return {
        ...command,
        parse: (result) => {
          const listing = command.parse(result)
          const shown = new Set(listing.evidence.map(({ token }) => token))
          const gone = natives.filter(({ token, nativeId }) => nativeId !== null && !shown.has(token))
          return { ...listing, evidence: [...listing.evidence, ...gone.map(completed)] }
        },
      }
    },
    history: () => null,
  }
}

function completed({ token, nativeId }: Native): Evidence {
  return {
    source: "accounting",
    token,
    nativeId,
    seenAt: 0,
    word: "COMPLETED",
    state: "ended",
    outcome: { state: "completed", cause: null, exitCode: 0, signal: null },
    reason: null,
    submitTime: null,
    startedAt: 1,
    endedAt: null,
    host: null,
    restarts: null,
  }
}
