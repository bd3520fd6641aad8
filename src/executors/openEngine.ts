/** Open an engine: the parts of one configured executor, put together. */
import type { Transport } from "../transport/transport.ts"
import { type Job, type JobSpec, type SpecDefaults, isFinal } from "../job/index.ts"
import type { Launcher } from "../launchers/launcher.ts"
import { preludeFor } from "../remote/prelude.ts"
import { Breaker } from "../retry/breaker.ts"
import type { Scheduler } from "../schedulers/scheduler.ts"
import { openSession } from "../transport/openSession.ts"
import { Bell } from "./bell.ts"
import { Book } from "./book.ts"
import type { Desk, Pace } from "./desk.ts"
import { Engine } from "./engine.ts"
import type { Fleet } from "./fleet.ts"
import { type JudgeLimits, defaultJudgeLimits } from "./judge.ts"
import { ManagerLink } from "./link.ts"
import { type Limits, Throttle } from "./throttle.ts"

/** What an executor is made of; `local.ts` and `slurm.ts` are thin factories for it. */
export interface ExecutorParts {
  readonly name: string
  readonly scheduler: Scheduler
  readonly transport: Transport
  readonly launcherFor: (spec: JobSpec) => Launcher
  readonly defaults: SpecDefaults
  readonly limits: Limits
  readonly root: string
  readonly pace: Pace
  readonly judgeLimits?: Partial<JudgeLimits>
  readonly retentionMs: number | null
}
