/** Open an engine: the parts of one configured executor, put together. */
import type { Transport } from "../transport/transport.ts"
import type { Health, JobSpec, SpecDefaults } from "../job/index.ts"
import type { Launcher } from "../launchers/launcher.ts"
import { prelude } from "../remote/prelude.ts"
import { Breaker } from "../retry/breaker.ts"
import type { Scheduler } from "../schedulers/scheduler.ts"
import { openSession } from "../transport/session.ts"
import { Bell } from "./bell.ts"
import { Book } from "./book.ts"
import type { Desk, Pace } from "./desk.ts"
import { Engine } from "./engine.ts"
import type { Fleet } from "./fleet.ts"
import { type JudgeLimits, defaultJudgeLimits } from "./judge.ts"
import { ManagerLink } from "./link.ts"
import type { Described } from "./status.ts"
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

export function describe({ name, scheduler, transport }: ExecutorParts): Described {
  return { name, scheduler: scheduler.name, address: transport.address }
}

/** The engine runs at once: it takes up what the store says is not over. */
export function openEngine(fleet: Fleet, parts: ExecutorParts): Engine {
  const { store, clock, log } = fleet.parts
  const { name, scheduler, transport, root, pace } = parts
  const book = new Book(store, name)
  const breaker = new Breaker({ clock, onHealth: (health, reason) => tellHealth(fleet, name, health, reason) })
  const link = new ManagerLink({
    executor: name,
    address: transport.address,
    open: (signal) => openSession(transport, { clock, prelude: prelude(scheduler.foreignVariables) }, signal),
    root,
    store,
    breaker,
    clock,
    log,
  })
  const desk: Desk = {
    name,
    scheduler,
    launcherFor: (job) => parts.launcherFor(job.spec),
    link,
    store,
    book,
    throttle: new Throttle(clock, parts.limits),
    clock,
    log,
    pace,
    judgeLimits: { ...defaultJudgeLimits, ...parts.judgeLimits },
    bells: { submit: new Bell(clock), monitor: new Bell(clock), collect: new Bell(clock) },
    resultsDirectory: (job) => fleet.resultsDirectory(job),
    secret: (job, variable) => fleet.secrets.get(job.id)?.[variable] ?? process.env[variable],
  }
  return new Engine(desk)
}

/** Health is written down as it changes; a store that can't take it has its own way to say so. */
function tellHealth(fleet: Fleet, executor: string, health: Health, reason: string | null): void {
  const { store, log } = fleet.parts
  log.info({ executor, health, reason }, "health")
  store.append([{ executor, type: "health", health, reason }]).catch((error: unknown) => log.error({ executor, error }, "health was not recorded"))
}
