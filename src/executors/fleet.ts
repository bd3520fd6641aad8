/** The fleet: the engines of all executors over one store, and everything that can be asked of them. */
import { type HawserError, UsageError } from "../errors.ts"
import { type AnyEvent, type Job, type JobView, isFinal } from "../job/index.ts"
import { abandon } from "./abandon.ts"
import { acceptAll } from "./accept.ts"
import type {
  AbandonRequest,
  AbandonResult,
  DoctorLine,
  Explanation,
  HawserApi,
  ListFilter,
  LogPiece,
  LogRequest,
  PauseRequest,
  PruneRequest,
  PruneResult,
  Status,
  SubmitRequest,
  SubmitResult,
  WishRequest,
} from "./api.ts"
import { ringAfter, ringAll } from "./desk.ts"
import { diagnose } from "./doctor.ts"
import type { Engine } from "./engine.ts"
import { Instances } from "./instances.ts"
import { isLooseYet } from "./looseEnds.ts"
import { openEngine } from "./openEngine.ts"
import { type ExecutorParts, type FleetParts, type FleetView, describe } from "./parts.ts"
import { readLog } from "./logs.ts"
import type { InstanceWait } from "./pilot.ts"
import { findJob, findJobs } from "./naming.ts"
import { prune } from "./prune.ts"
import { Reader } from "./reader.ts"
import { keepRetention } from "./retention.ts"
import { statusOf } from "./status.ts"
import { Waiters } from "./waiters.ts"
import { recordWish } from "./wish.ts"

export class Fleet implements HawserApi, FleetView {
  readonly parts: FleetParts
  readonly startedAt: number
  /** Values of `{fromEnv: NAME}` that came with a submission, by job. In memory only. */
  readonly secrets: Map<string, Readonly<Record<string, string>>> = new Map()
  /** Resolves, if ever, with why this controller can't go on. */
  readonly lost: Promise<HawserError>
  readonly lose: (why: HawserError) => void
  private readonly engines = new Map<string, Engine>()
  private readonly reader: Reader
  private readonly waiters: Waiters
  private readonly unsubscribe: () => void
  private readonly closing = new AbortController()
  private readonly retention: Promise<void>
  private readonly instances: Instances

  constructor(parts: FleetParts) {
    this.parts = parts
    let lose: (why: HawserError) => void = () => undefined
    this.lost = new Promise((resolve) => {
      lose = resolve
    })
    this.lose = lose
    this.startedAt = parts.clock.now()
    this.reader = new Reader({
      stateDirectory: parts.stateDirectory,
      store: parts.store,
      executors: [],
      clock: parts.clock,
    })
    this.waiters = new Waiters(parts.store)
    this.unsubscribe = parts.store.subscribe((events) => this.onEvents(events))
    for (const job of parts.store.jobs.values()) {
      // What was abandoned is looked for once at least, whatever this controller was started for.
      const isWanted = !isFinal(job.state) || isLooseYet(job, parts.clock.now())
      if (isWanted && parts.executors.has(job.executor)) this.engine(job.executor)
    }
    this.instances = new Instances(this)
    this.retention = keepRetention(this, this.closing.signal)
  }

  get stateDirectory(): string {
    return this.parts.stateDirectory
  }

  /** Nothing is left to do: every job is over, or belongs to an executor that nobody has configured. */
  get isIdle(): boolean {
    return [...this.engines.values()].every((engine) => engine.isIdle)
  }

  async submit(requests: readonly SubmitRequest[]): Promise<readonly SubmitResult[]> {
    return acceptAll(this, requests)
  }

  async accepted(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]> {
    const isAccepted = (job: Job): boolean => (job.state !== "new" && job.state !== "staging") || job.waiting !== null
    return this.until(ids, isAccepted, signal)
  }

  async ended(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.until(ids, (job) => isFinal(job.state), signal)
  }

  async list(filter: ListFilter = {}): Promise<readonly JobView[]> {
    return this.reader.list(filter)
  }

  async show(name: string): Promise<JobView> {
    return this.view(this.job(name))
  }

  async explain(name: string): Promise<Explanation> {
    const job = this.job(name)
    const driver = this.parts.executors.has(job.executor) ? "controller" : "unconfigured"
    return this.reader.explained(job, driver, this.engines.get(job.executor)?.situation(job) ?? null)
  }

  async cancel(names: readonly string[]): Promise<readonly JobView[]> {
    const jobs = this.jobsOf(names)
    const open = jobs.filter((job) => !isFinal(job.state) && job.cancelRequestedAt === null)
    if (open.length > 0) {
      await this.parts.store.append(open.map((job) => ({ job: job.id, type: "cancel-requested", by: "user" })))
    }
    for (const job of open) this.ring(job.executor)
    return jobs.map((job) => this.view(this.job(job.id)))
  }

  async wish(request: WishRequest): Promise<readonly JobView[]> {
    return recordWish(this, request)
  }

  async pause({ executors, paused }: PauseRequest): Promise<void> {
    for (const name of executors) this.partsOf(name)
    await this.parts.store.append(executors.map((executor) => ({ executor, type: "paused", paused })))
    for (const executor of executors) this.engines.get(executor)?.desk.bells.submit.ring()
  }

  async abandon(request: AbandonRequest): Promise<AbandonResult> {
    return abandon(this, request)
  }

  async logs(name: string, request: LogRequest): Promise<LogPiece> {
    const job = this.job(name)
    return readLog(job, this.resultsDirectory(job), request, this.engines.get(job.executor))
  }

  async recover(executor?: string): Promise<readonly JobView[]> {
    const engines = executor === undefined ? [...this.engines.values()] : [this.engine(executor)]
    for (const engine of engines) engine.desk.link.retryNow()
    await Promise.all(
      engines.map((engine) =>
        engine.recover().catch((error: unknown) => {
          // A manager that is gone for good must not keep anybody from asking the others.
          if (executor !== undefined || !engine.desk.book.isIdle) throw error
        }),
      ),
    )
    return this.list(executor === undefined ? {} : { executor })
  }

  async prune(request: PruneRequest): Promise<PruneResult> {
    return prune(this, request)
  }

  async doctor(
    executor: string,
    onLine: (line: DoctorLine) => void,
    signal?: AbortSignal,
  ): Promise<readonly DoctorLine[]> {
    return diagnose(this, this.partsOf(executor), onLine, signal)
  }

  async status(): Promise<Status> {
    const { store, executors, stateDirectory } = this.parts
    return statusOf(store, [...executors.values()].map(describe), stateDirectory, this.startedAt)
  }

  async subscribe(listener: (events: readonly AnyEvent[]) => void, fromSeq?: number): Promise<() => void> {
    const { store } = this.parts
    return fromSeq === undefined ? store.subscribe(listener) : store.subscribeFrom(fromSeq, listener)
  }

  async down(): Promise<void> {
    this.parts.onDown()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.unsubscribe()
    this.waiters.close()
    this.closing.abort()
    await Promise.all([...this.engines.values()].map((engine) => engine[Symbol.asyncDispose]()))
    await this.instances[Symbol.asyncDispose]()
    await this.retention
    await this.parts.store[Symbol.asyncDispose]()
  }

  /** The engine of an executor, started at its first use. Throws `EXECUTOR_UNKNOWN`. */
  engine(name: string): Engine {
    const running = this.engines.get(name)
    if (running !== undefined) return running
    const engine = openEngine(this, this.partsOf(name))
    this.engines.set(name, engine)
    return engine
  }

  partsOf(name: string): ExecutorParts {
    const parts = this.parts.executors.get(name)
    if (parts !== undefined) return parts
    throw new UsageError("EXECUTOR_UNKNOWN", {
      summary: `There is no executor "${name}".`,
      reason: `The config names ${[...this.parts.executors.keys()].join(", ")}.`,
      advice: "Name one of them with -e, or add it to hawser.yaml.",
    })
  }

  waitForInstance(job: Job): InstanceWait | null {
    return this.instances.waitFor(job)
  }

  async raiseInstance(executor: string, signal: AbortSignal): Promise<Job> {
    return this.instances.raise(executor, signal)
  }

  job(name: string): Job {
    return findJob(this.parts.store, name)
  }

  /** Each once. */
  jobsOf(names: readonly string[]): readonly Job[] {
    return [...new Set(names.flatMap((name) => findJobs(this.parts.store, name)))]
  }

  view(job: Job): JobView {
    return this.reader.view(job)
  }

  resultsDirectory(job: Job): string {
    return this.reader.resultsDirectory(job)
  }

  private async until(ids: readonly string[], isDone: (job: Job) => boolean, signal?: AbortSignal): Promise<JobView[]> {
    const wanted = ids.map((id) => this.job(id))
    for (const job of wanted) if (!isFinal(job.state)) this.engines.get(job.executor)?.hurry()
    const jobs = await Promise.all(wanted.map(({ id }) => this.waiters.until(id, isDone, signal)))
    return jobs.map((job) => this.view(job))
  }

  wake(executor: string): void {
    if (this.parts.executors.has(executor)) ringAll(this.engine(executor).desk.bells)
  }

  private ring(executor: string): void {
    const bells = this.engines.get(executor)?.desk.bells
    bells?.submit.ring()
    bells?.monitor.ring()
  }

  private onEvents(events: readonly AnyEvent[]): void {
    for (const event of events) {
      if (!("job" in event)) continue
      const engine = this.engines.get(this.parts.store.jobs.get(event.job)?.executor ?? "")
      if (engine !== undefined) ringAfter(engine.desk, event)
    }
    // A job's end may open the way for jobs that depend on it, on any executor.
    if (!events.some((event) => event.type === "finished" || event.type === "observed")) return
    for (const engine of this.engines.values()) if (engine.desk.book.count("new") > 0) engine.desk.bells.submit.ring()
  }
}
