/** What the steps of one engine share: its parts, its limits, and where things go. */
import type { Clock } from "../clock.ts"
import type { HawserError } from "../errors.ts"
import type { AnyEventBody, Job, JobEvent, SpecDefaults } from "../job/index.ts"
import type { Launcher } from "../launchers/launcher.ts"
import type { JobStore } from "../persist/store.ts"
import type { ResultsDisk } from "../remote/resultsDisk.ts"
import type { Scheduler } from "../schedulers/scheduler.ts"
import type { Bell } from "./bell.ts"
import type { Book } from "./book.ts"
import type { ManagerLink } from "./link.ts"
import type { Log } from "./log.ts"
import type { Patience } from "./patience.ts"
import type { InstanceWait } from "./pilot.ts"
import type { Pulse } from "./pulse.ts"
import type { Throttle } from "./throttle.ts"

export interface Desk {
  /** The executor's name in the config. */
  readonly name: string
  readonly scheduler: Scheduler
  readonly launcherFor: (job: Job) => Launcher
  /** What the config says for all jobs of this executor. */
  readonly defaults: SpecDefaults
  readonly link: ManagerLink
  readonly store: JobStore
  readonly book: Book
  readonly throttle: Throttle
  readonly pulse: Pulse
  readonly clock: Clock
  readonly log: Log
  readonly pace: Pace
  readonly patience: Patience
  readonly bells: { readonly submit: Bell; readonly monitor: Bell; readonly collect: Bell }
  /** What a new job waits for where its manager is a Flux instance of our own; null: nothing. */
  readonly waitForInstance: (job: Job) => InstanceWait | null
  /** Nothing that we write counts any more: another controller has the state directory. */
  readonly onLost: (why: HawserError) => void
  /** The file system of this machine that they go to. */
  readonly resultsDisk: ResultsDisk
  /** Where the job's results go on this machine, absolute. */
  readonly resultsDirectory: (job: Job) => string
  /** Removes what is left of jobs that are over, here and over there, and forgets them. What can't be removed now stays. */
  readonly forget: (jobs: readonly Job[]) => Promise<void>
  /** The value of `{fromEnv: NAME}` for this job; undefined: nobody here knows it. */
  readonly secret: (job: Job, name: string) => string | undefined
}

export interface Pace {
  /** The shortest span between two sweeps, ms. */
  readonly sweepMsMin: number
  /** The longest, when nothing is near a change. */
  readonly sweepMsMax: number
  /** Between two looks into the event folder, while jobs run. */
  readonly hintMs: number
  /** Between two questions of any kind, whatever there is to ask: the user's own wish. 0: there is none. */
  readonly askMsMin: number
  /** How long `submit` waits for others to travel with. */
  readonly gatherMs: number
  /** A cancelled native gets KILL after this, or later where its manager waits longer. */
  readonly killAfterMs: number
}

/** What is written down tells whose turn it is, whoever has written it: nobody has to remember to say so. */
export function ringAfter({ bells, pace }: Desk, { type }: JobEvent): void {
  if (type === "accepted" || type === "in-doubt") bells.monitor.nudge(pace.hintMs)
  if (type === "ended" || type === "corrected") bells.collect.ring()
  // A place is free, or there is another attempt.
  if (type === "ended" || type === "settled" || type === "retrying") bells.submit.ring()
}

export function ringAll({ submit, monitor, collect }: Desk["bells"]): void {
  for (const bell of [submit, monitor, collect]) bell.ring()
}

/** Writes `waiting` for the jobs whose reason has changed, as one group. */
export async function tellWaiting(desk: Desk, reasons: ReadonlyMap<string, string | null>): Promise<void> {
  const events: AnyEventBody[] = []
  for (const [job, reason] of reasons) {
    if ((desk.store.jobs.get(job)?.waiting ?? null) !== reason) events.push({ job, type: "waiting", reason })
  }
  if (events.length > 0) await desk.store.append(events)
}
