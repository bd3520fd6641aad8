/** Open an engine: the parts of one configured executor, put together. */
import type { Health, Job } from "../job/index.ts"
import type { JobStore } from "../persist/store.ts"
import { prelude } from "../remote/prelude.ts"
import { localDisk } from "../remote/resultsDisk.ts"
import { Breaker } from "../retry/breaker.ts"
import { nobody } from "../transport/person.ts"
import { openSession } from "../transport/session.ts"
import { Bell } from "./bell.ts"
import { Book } from "./book.ts"
import { type Desk, ringAll } from "./desk.ts"
import { Engine } from "./engine.ts"
import { defaultJudgeLimits } from "./judge.ts"
import { ManagerLink } from "./link.ts"
import type { ExecutorParts, FleetView } from "./parts.ts"
import { Patience } from "./patience.ts"
import { Pulse } from "./pulse.ts"
import { Throttle } from "./throttle.ts"

/** The engine runs at once: it takes up what the store says is not over. */
export function openEngine(fleet: FleetView, parts: ExecutorParts): Engine {
  const { store, clock, log } = fleet.parts
  const { name, scheduler, transport, root, pace, person = nobody } = parts
  const book = new Book(store, name)
  const breaker = new Breaker({ clock, onHealth: (health, reason) => tellHealth(fleet, name, health, reason) })
  const bells = { submit: new Bell(clock), monitor: new Bell(clock), collect: new Bell(clock) }
  const link = new ManagerLink({
    executor: name,
    address: transport.address,
    open:
      parts.openSession ??
      ((signal) => openSession(transport, { clock, prelude: prelude(scheduler.foreignVariables) }, signal)),
    person,
    onLogin: () => ringAll(bells),
    root,
    isOneHost: scheduler.features.countsResources,
    watchHints: (directory) => transport.watch?.(directory, () => bells.monitor.ring()),
    store,
    breaker,
    clock,
    log,
  })
  const desk: Desk = {
    name,
    scheduler,
    launcherFor: (job) => parts.launcherFor(job.spec),
    defaults: parts.defaults,
    link,
    store,
    book,
    throttle: new Throttle(clock, parts.limits, jobsOf(store, name), store.managers.get(name)?.limits),
    pulse: new Pulse(clock),
    clock,
    log,
    pace,
    patience: new Patience({ scheduler, link, limits: { ...defaultJudgeLimits, ...parts.judgeLimits }, pace }),
    bells,
    waitForInstance: (job) => fleet.waitForInstance(job),
    onLost: (why) => fleet.lose(why),
    resultsDisk: parts.resultsDisk ?? localDisk,
    resultsDirectory: (job) => fleet.resultsDirectory(job),
    forget: async (jobs) => {
      await fleet.prune({ names: jobs.map(({ id }) => id), olderThanMs: 0, local: true, dryRun: false })
    },
    secret: (job, variable) => fleet.secrets.get(job.id)?.[variable] ?? process.env[variable],
  }
  return new Engine(desk)
}

function jobsOf({ jobs }: JobStore, executor: string): Job[] {
  return [...jobs.values()].filter((job) => job.executor === executor)
}

/** Health is written down as it changes; a store that can't take it has its own way to say so. */
function tellHealth(fleet: FleetView, executor: string, health: Health, reason: string | null): void {
  const { store, log } = fleet.parts
  log.info({ executor, health, reason }, "health")
  store
    .append([{ executor, type: "health", health, reason }])
    .catch((error: unknown) => log.error({ executor, error }, "health was not recorded"))
}
