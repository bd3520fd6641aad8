/** A job in the user's hands, whoever has its state directory: this process or another. */
import type { Explanation, HawserApi } from "../hawser.ts"
import type { AnyEvent, JobView, Wish } from "../job/index.ts"
import { untilAborted } from "../abort.ts"
import { listen } from "./listen.ts"

/** Holds an id and what was last known; a restart of anything loses nothing. */
export interface JobHandle {
  readonly id: string
  readonly key: string
  /** The job as it was when this handle last heard of it. `refresh` asks. */
  readonly job: JobView
  refresh(signal?: AbortSignal): Promise<JobView>
  /** Resolves when the job has a native id, waits for a reason that `reason` tells, or is over. */
  accepted(signal?: AbortSignal): Promise<JobView>
  /** Resolves when the job is over, whatever the outcome. Rejects when `signal` is aborted or Hawser is closed. */
  result(signal?: AbortSignal): Promise<JobView>
  /**
   * What happens to the job from the first `next()` on, or from event number `fromSeq` on (`EVENTS_FORGOTTEN` where the
   * journal does not have it any more). Ends when the job is over.
   */
  events(signal?: AbortSignal, fromSeq?: number): AsyncIterable<AnyEvent>
  /** What is known of it, from whom and how old it is, what it waits for, and what would end it. */
  explain(signal?: AbortSignal): Promise<Explanation>
  /** A piece of stdout or stderr from byte `offset`. */
  logs(options?: LogOptions): Promise<{ readonly data: Buffer; readonly nextOffset: number; readonly final: boolean }>
  /** Resolves once the wish is on disk; it is repeated until the evidence shows that the job is over. */
  cancel(signal?: AbortSignal): Promise<JobView>
  /** Resolves once the wish is on disk; it is carried out when its manager can be asked. Throws `WISH_IMPOSSIBLE`. */
  hold(signal?: AbortSignal): Promise<JobView>
  release(signal?: AbortSignal): Promise<JobView>
  suspend(signal?: AbortSignal): Promise<JobView>
  resume(signal?: AbortSignal): Promise<JobView>
  /** Its manager is gone for good: it is failed with cause `abandoned`, on disk, when this resolves. */
  abandon(signal?: AbortSignal): Promise<JobView>
}

export interface LogOptions {
  readonly stream?: "stdout" | "stderr"
  readonly offset?: number
  /** At most this many bytes. */
  readonly max?: number
  readonly signal?: AbortSignal
}

export function handleOf(api: HawserApi, known: JobView): JobHandle {
  return new Handle(api, known)
}

class Handle implements JobHandle {
  readonly id: string
  readonly key: string
  private readonly api: HawserApi
  private known: JobView

  constructor(api: HawserApi, known: JobView) {
    this.id = known.id
    this.key = known.key
    this.api = api
    this.known = known
  }

  get job(): JobView {
    return this.known
  }

  async refresh(signal?: AbortSignal): Promise<JobView> {
    return this.learn([await untilAborted(this.api.show(this.id), signal)])
  }

  async accepted(signal?: AbortSignal): Promise<JobView> {
    return this.learn(await this.api.accepted([this.id], signal))
  }

  async result(signal?: AbortSignal): Promise<JobView> {
    return this.learn(await this.api.ended([this.id], signal))
  }

  events(signal?: AbortSignal, fromSeq?: number): AsyncIterable<AnyEvent> {
    const isWanted = (event: AnyEvent): boolean => "job" in event && event.job === this.id
    return listen(this.api, { isWanted, until: (over) => this.result(over), signal, fromSeq })
  }

  explain(signal?: AbortSignal): Promise<Explanation> {
    return untilAborted(this.api.explain(this.id), signal)
  }

  async logs(options: LogOptions = {}): ReturnType<JobHandle["logs"]> {
    const { stream = "stdout", offset = 0, max = 1024 * 1024, signal } = options
    const piece = await untilAborted(this.api.logs(this.id, { stream, offset, max }), signal)
    return { ...piece, data: Buffer.from(piece.data, "base64") }
  }

  async cancel(signal?: AbortSignal): Promise<JobView> {
    return this.learn(await untilAborted(this.api.cancel([this.id]), signal))
  }

  hold(signal?: AbortSignal): Promise<JobView> {
    return this.wish("hold", signal)
  }

  release(signal?: AbortSignal): Promise<JobView> {
    return this.wish("release", signal)
  }

  suspend(signal?: AbortSignal): Promise<JobView> {
    return this.wish("suspend", signal)
  }

  resume(signal?: AbortSignal): Promise<JobView> {
    return this.wish("resume", signal)
  }

  async abandon(signal?: AbortSignal): Promise<JobView> {
    const { abandoned, over } = await untilAborted(this.api.abandon({ jobs: [this.id], dryRun: false }), signal)
    return this.learn([...abandoned, ...over])
  }

  private async wish(wish: Wish, signal?: AbortSignal): Promise<JobView> {
    return this.learn(await untilAborted(this.api.wish({ wish, names: [this.id] }), signal))
  }

  private learn([view]: readonly JobView[]): JobView {
    if (view !== undefined) this.known = view
    return this.known
  }
}
