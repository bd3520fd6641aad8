/** An in-memory state directory: jobs that end when a test says so. What crosses the control socket is what is tested. */
import { UsageError } from "../../src/errors.ts"
import type {
  AbandonRequest,
  AbandonResult,
  DoctorLine,
  Explanation,
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
} from "../../src/hawser.ts"
import { type AnyEvent, type AnyEventBody, type JobView, isFinal, noResources } from "../../src/job/index.ts"
import type { Controller } from "../../src/control/controller.ts"
import { toPlain } from "../../src/control/plain.ts"

export interface FakeParts {
  readonly stateDirectory: string
  readonly onDown?: () => void
  /** Jobs that are there from the start. */
  readonly jobs?: readonly JobView[]
}

export class FakeHawser implements Controller {
  readonly stateDirectory: string
  readonly jobs: Map<string, JobView> = new Map()
  readonly requests: SubmitRequest[] = []
  /** What a listener may begin with; `seq` goes on behind them. */
  readonly emitted: AnyEvent[] = []
  readonly paused: Set<string> = new Set()
  /** How many waits are under way; each is gone once it is answered or aborted. */
  waits = 0
  isDisposed = false
  /** Set: `submit` waits for it first. */
  gate: Promise<void> | null = null
  /** Set: the next call throws it. */
  failure: Error | null = null
  readonly listeners: Set<(events: readonly AnyEvent[]) => void> = new Set()
  private readonly onDown: () => void
  private readonly changed = new Set<() => void>()
  seq = 0

  constructor(parts: FakeParts) {
    this.stateDirectory = parts.stateDirectory
    this.onDown = parts.onDown ?? (() => undefined)
    for (const job of parts.jobs ?? []) this.jobs.set(job.id, job)
  }

  get isIdle(): boolean {
    return [...this.jobs.values()].every((job) => isFinal(job.state))
  }

  async submit(requests: readonly SubmitRequest[]): Promise<readonly SubmitResult[]> {
    await this.gate
    this.fail()
    this.requests.push(...requests)
    return requests.map((request) => this.record(request))
  }

  async accepted(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.until(ids, (job) => job.state !== "new", signal)
  }

  async ended(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]> {
    return this.until(ids, (job) => isFinal(job.state), signal)
  }

  async list(filter: ListFilter = {}): Promise<readonly JobView[]> {
    this.fail()
    return [...this.jobs.values()]
      .filter((job) => filter.states?.includes(job.state) ?? true)
      .filter((job) => filter.executor === undefined || job.executor === filter.executor)
      .filter((job) => filter.key === undefined || job.key.startsWith(filter.key))
  }

  async explain(name: string): Promise<Explanation> {
    const job = await this.show(name)
    const now = { asOf: job.asOf, since: job.asOf, driver: "controller", summary: `It is ${job.state}.` } as const
    return { job, ...now, attempt: null, evidence: [], rule: null, waits: [], ends: [], advice: [] }
  }

  async show(name: string): Promise<JobView> {
    this.fail()
    const found = [...this.jobs.values()].find((job) => job.id === name || job.key === name)
    if (found !== undefined) return found
    throw new UsageError("JOB_UNKNOWN", {
      summary: `There is no job "${name}".`,
      reason: "Neither an id nor a key is so.",
      advice: "`hawser list` shows all jobs.",
    })
  }

  async cancel(names: readonly string[]): Promise<readonly JobView[]> {
    const jobs = await Promise.all(names.map((name) => this.show(name)))
    return jobs.map((job) => this.set(job.id, { state: "cancelled", cancelRequested: true }))
  }

  async wish({ wish, names = [] }: WishRequest): Promise<readonly JobView[]> {
    const jobs = await Promise.all(names.map((name) => this.show(name)))
    return jobs.map((job) => this.set(job.id, { wish }))
  }

  async pause({ executors, paused }: PauseRequest): Promise<void> {
    for (const name of executors) {
      if (paused) this.paused.add(name)
      else this.paused.delete(name)
    }
  }

  async abandon({ names = [], executors = [], jobs = [], dryRun }: AbandonRequest): Promise<AbandonResult> {
    const ofExecutors = [...this.jobs.values()].filter(({ executor }) => executors.includes(executor))
    const named = [...ofExecutors, ...(await Promise.all([...names, ...jobs].map((name) => this.show(name))))]
    const open = named.filter((job) => !isFinal(job.state))
    const end = { state: "failed", cause: "abandoned" } as const
    const abandoned = dryRun ? open : open.map((job) => this.set(job.id, end))
    return { abandoned, over: named.filter((job) => isFinal(job.state)) }
  }

  async logs(name: string, request: LogRequest): Promise<LogPiece> {
    await this.show(name)
    const data = Buffer.from(`${request.stream} of ${name}\n`).subarray(request.offset, request.offset + request.max)
    return { data: data.toString("base64"), nextOffset: request.offset + data.length, final: true }
  }

  async recover(executor?: string): Promise<readonly JobView[]> {
    return this.list(executor === undefined ? {} : { executor })
  }

  async prune(request: PruneRequest): Promise<PruneResult> {
    const pruned = [...this.jobs.values()].filter((job) => isFinal(job.state)).map((job) => job.id)
    if (!request.dryRun) for (const id of pruned) this.jobs.delete(id)
    return { pruned, kept: [...this.jobs.keys()].map((id) => ({ id, why: "It is not over." })) }
  }

  async doctor(
    executor: string,
    onLine: (line: DoctorLine) => void,
    signal?: AbortSignal,
  ): Promise<readonly DoctorLine[]> {
    const lines: DoctorLine[] = [
      { check: "connection", status: "ok", detail: executor, advice: null },
      { check: "scheduler", status: "failed", detail: "no squeue", advice: "Load its module." },
    ]
    for (const line of lines) onLine(line)
    if (executor === "slow") await this.until([], () => false, signal, true)
    return lines
  }

  async status(): Promise<Status> {
    this.fail()
    const controller = { pid: process.pid, epoch: 1, startedAt: "2026-01-01T00:00:00.000Z", version: "0.0.0" }
    return { stateDirectory: this.stateDirectory, controller, executors: [], tombstones: [], findings: [] }
  }

  async subscribe(listener: (events: readonly AnyEvent[]) => void, fromSeq?: number): Promise<() => void> {
    this.fail()
    this.listeners.add(listener)
    if (fromSeq !== undefined) listener(this.emitted.filter(({ seq }) => seq >= fromSeq))
    return () => this.listeners.delete(listener)
  }

  async down(): Promise<void> {
    this.onDown()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true
  }

  /** Moves a job, and tells everybody. */
  set(id: string, change: Partial<JobView>): JobView {
    const job = this.jobs.get(id)
    if (job === undefined) throw new Error(`no job ${id}`)
    const next = { ...job, ...change }
    this.jobs.set(id, next)
    if (isFinal(next.state)) {
      const outcome = { state: next.state, cause: next.cause, exitCode: next.exitCode, signal: next.signal }
      this.emit({ job: id, type: "finished", outcome, reason: null })
    } else this.emit({ job: id, type: "note", text: next.state })
    for (const check of this.changed) check()
    return next
  }

  emit(body: AnyEventBody): void {
    this.seq += 1
    const event = { ...body, seq: this.seq, at: 0 }
    this.emitted.push(event)
    for (const listener of this.listeners) listener([event])
  }

  private record(request: SubmitRequest): SubmitResult {
    const key = request.key ?? `job-${this.jobs.size + 1}`
    const known = [...this.jobs.values()].find((job) => job.key === key)
    const name = JSON.stringify(request.spec)
    if (known !== undefined && known.name !== name) {
      const error = new UsageError("KEY_TAKEN", { summary: `The key "${key}" belongs to a job already.` })
      return { ok: false, error: toPlain(error) }
    }
    const job = known ?? fakeJob({ id: `id-${key}`, key, name, executor: request.executor ?? "local" })
    this.jobs.set(job.id, job)
    return { ok: true, job, existed: known !== undefined }
  }

  private async until(
    ids: readonly string[],
    isDone: (job: JobView) => boolean,
    signal?: AbortSignal,
    forever = false,
  ): Promise<JobView[]> {
    this.waits += 1
    try {
      await new Promise<void>((resolve, reject) => {
        const jobs = (): JobView[] => ids.flatMap((id) => this.jobs.get(id) ?? [])
        const check = (): void => {
          if (forever || jobs().length < ids.length || !jobs().every(isDone)) return
          this.changed.delete(check)
          resolve()
        }
        const onAbort = (): void => {
          this.changed.delete(check)
          reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"))
        }
        signal?.addEventListener("abort", onAbort, { once: true })
        this.changed.add(check)
        check()
      })
      return ids.flatMap((id) => this.jobs.get(id) ?? [])
    } finally {
      this.waits -= 1
    }
  }

  private fail(): void {
    const { failure } = this
    this.failure = null
    if (failure !== null) throw failure
  }
}

export function fakeJob(change: Partial<JobView> = {}): JobView {
  return {
    id: "id-1",
    key: "k1",
    name: "k1",
    executor: "local",
    state: "new",
    cause: null,
    reason: null,
    exitCode: null,
    signal: null,
    nativeId: null,
    attempt: 0,
    attempts: [],
    health: "up",
    asOf: "2026-01-01T00:00:00.000Z",
    times: { created: "2026-01-01T00:00:00.000Z", submitted: null, started: null, ended: null },
    directory: "/state/jobs/id-1",
    remoteDirectory: null,
    stdout: "/state/jobs/id-1/stdout",
    stderr: "/state/jobs/id-1/stderr",
    resources: noResources,
    cancelRequested: false,
    wish: null,
    notes: [],
    generation: 0,
    earlier: null,
    later: null,
    isTest: false,
    serves: null,
    ...change,
  }
}
