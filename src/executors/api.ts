/** The API of a state directory: what can be asked of it, in this process or over the control socket. */
import type { AnyEvent, JobState, JobView, LearnedLimit, Wish } from "../job/index.ts"
import type { Explanation } from "./explanation.ts"

export type * from "./explanation.ts"

/** What can be told without a controller: nothing is started, and nobody is connected to. */
export interface HawserReader extends AsyncDisposable {
  readonly stateDirectory: string
  /** All jobs, oldest first. */
  list(filter?: ListFilter): Promise<readonly JobView[]>
  /** One job by id, unique prefix of an id, or key. Throws a UsageError `JOB_UNKNOWN` or `JOB_AMBIGUOUS`. */
  show(name: string): Promise<JobView>
  /** What is known of a job, from whom and how old it is, what it waits for, and what would end it. */
  explain(name: string): Promise<Explanation>
  /** A piece of a job's stdout or stderr from byte `offset`: local if collected, else from the other side. */
  logs(name: string, request: LogRequest): Promise<LogPiece>
  status(): Promise<Status>
}

/**
 * Everything that can be asked of a state directory. The process that owns it implements this with its engines
 * (`fleet.ts`), every other process over the control socket (`control/client.ts`). Values are plain JSON.
 */
export interface HawserApi extends HawserReader {
  /**
   * Records jobs; each resolves or fails by itself, in the order of the requests. What is recorded is on disk. A first
   * contact that fails (host key, login, name, refused port) records nothing and gives that error.
   */
  submit(requests: readonly SubmitRequest[]): Promise<readonly SubmitResult[]>
  /** Resolves, per job, when it has a native id, waits in our own queue or for a reason (`reason`), or is over. */
  accepted(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]>
  /** Resolves, per job, when it is over. */
  ended(ids: readonly string[], signal?: AbortSignal): Promise<readonly JobView[]>
  /** Records the wish to cancel; it is repeated until the evidence shows that the job is over. */
  cancel(names: readonly string[]): Promise<readonly JobView[]>
  /**
   * Records that jobs are to be held, released, suspended or resumed; it is carried out when their manager can be asked,
   * and given up with a note where it refuses. Throws a UsageError `WISH_IMPOSSIBLE` where it can't be for a named job.
   */
  wish(request: WishRequest): Promise<readonly JobView[]>
  /**
   * Whether anything is submitted to these executors, on disk when it resolves. What is there goes on, and cancels are
   * carried out.
   */
  pause(request: PauseRequest): Promise<void>
  /**
   * Ends jobs whose manager is gone for good, with cause `abandoned`: resolves when it is on disk. Their keys can be used
   * again. Throws a UsageError `NAME_AMBIGUOUS` for a name that is both an executor and a job.
   */
  abandon(request: AbandonRequest): Promise<AbandonResult>
  /**
   * One fresh look at the managers now (all executors with live jobs, or the named one); where there are tombstones, until
   * they are closed or for some minutes.
   */
  recover(executor?: string): Promise<readonly JobView[]>
  prune(request: PruneRequest): Promise<PruneResult>
  /** Checks one executor, line by line; `onLine` gets each line as it is known. */
  doctor(executor: string, onLine: (line: DoctorLine) => void, signal?: AbortSignal): Promise<readonly DoctorLine[]>
  /**
   * Events from now on, or from number `fromSeq` on. Returns the function that ends it. Throws a StoreError
   * `EVENTS_FORGOTTEN` where the journal does not have the first of them any more.
   */
  subscribe(listener: (events: readonly AnyEvent[]) => void, fromSeq?: number): Promise<() => void>
  /** Asks the controller to end; jobs go on. */
  down(): Promise<void>
}

export interface SubmitRequest {
  /** What a user writes: docs/spec.md. */
  readonly spec: unknown
  readonly key?: string
  readonly executor?: string
  /** Relative paths of the spec start here. Default: the process's working directory. */
  readonly base?: string
  readonly onConflict?: "throw" | "keep"
  /** Values for `{fromEnv: NAME}`; held in memory only. */
  readonly secrets?: Readonly<Record<string, string>>
}

export type SubmitResult =
  | { readonly ok: true; readonly job: JobView; readonly existed: boolean }
  | { readonly ok: false; readonly error: PlainError }

/** A HawserError as plain data. */
export interface PlainError {
  readonly name: string
  readonly code: string
  readonly class: string
  readonly summary: string
  readonly reason: string | null
  readonly advice: string | null
}

export interface WishRequest {
  readonly wish: Wish
  readonly names?: readonly string[]
  /** All their jobs to which it applies. */
  readonly executors?: readonly string[]
}

export interface PauseRequest {
  readonly executors: readonly string[]
  /** False: play. */
  readonly paused: boolean
}

export interface AbandonRequest {
  /** Executors (all their jobs that are not over), and jobs. */
  readonly names?: readonly string[]
  readonly executors?: readonly string[]
  readonly jobs?: readonly string[]
  /** Ends nothing, and says what would be. */
  readonly dryRun: boolean
}

export interface AbandonResult {
  readonly abandoned: readonly JobView[]
  /** Named jobs that were over already. */
  readonly over: readonly JobView[]
}

export interface ListFilter {
  /** Also jobs whose key has been used again since. */
  readonly earlier?: boolean
  readonly states?: readonly JobState[]
  readonly executor?: string
  /** Keys that start with this. */
  readonly key?: string
  /** Ids, keys and arrays (`relax[0-9]`, `relax`). Throws `JOB_UNKNOWN` or `JOB_AMBIGUOUS`. */
  readonly names?: readonly string[]
}

export interface LogRequest {
  readonly stream: "stdout" | "stderr"
  readonly offset: number
  /** At most this many bytes. */
  readonly max: number
}

export interface LogPiece {
  /** Base64. */
  readonly data: string
  readonly nextOffset: number
  /** No more will come: the job is over and this was the last piece. */
  readonly final: boolean
}

export interface PruneRequest {
  readonly olderThanMs: number
  readonly states?: readonly JobState[]
  readonly names?: readonly string[]
  /** Also forget the jobs and remove `<state>/jobs/<id>`; results elsewhere (`into`) are never touched. */
  readonly local: boolean
  readonly dryRun: boolean
}

export interface PruneResult {
  readonly pruned: readonly string[]
  readonly kept: readonly { readonly id: string; readonly why: string }[]
}

export interface DoctorLine {
  readonly check: string
  readonly status: "ok" | "warning" | "failed" | "skipped"
  /** What was found. */
  readonly detail: string
  /** What to do, when it is not ok. */
  readonly advice: string | null
  /** The failure means that the manager can't be reached. */
  readonly unreachable?: boolean
}

/** A Flux instance that Hawser has started. */
export interface InstanceStatus {
  /** The key of its pilot, a job like any other. */
  readonly pilot: string
  readonly state: JobState
  readonly reason: string | null
  /** The executor whose job it is. */
  readonly on: string
  readonly host: string | null
  /** Since when it runs, or has run. */
  readonly since: string | null
  /** How many pilots there were with it. */
  readonly generation: number
}

export interface Status {
  readonly stateDirectory: string
  readonly controller: {
    readonly pid: number
    readonly epoch: number
    readonly startedAt: string
    readonly version: string
  } | null
  readonly executors: readonly {
    readonly name: string
    readonly scheduler: string
    readonly address: string
    readonly health: string
    readonly reason: string | null
    readonly since: string | null
    /** Since when nothing is submitted to it, because somebody has paused it; null: it is not paused. */
    readonly paused: string | null
    /** Submit limits of the manager's own, as far as its refusals have told. */
    readonly limits: readonly LearnedLimit[]
    readonly jobs: Readonly<Partial<Record<JobState, number>>>
    /** The newest pilot of its Flux instance, where that is one of ours and there was one; null: there is none. */
    readonly instance: InstanceStatus | null
  }[]
  /** What may be left of abandoned attempts, by executor; closed when it is proven that nothing is. */
  readonly tombstones: readonly {
    readonly executor: string
    readonly open: number
    readonly since: string
    /** Nobody looks for them before an executor of that name is in the config. */
    readonly configured: boolean
  }[]
  readonly findings: readonly string[]
}
