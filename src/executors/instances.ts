/** Instances: sees to it that there is a Flux instance of our own where jobs wait for one, and that none stays for nothing. */
import { asHawserError } from "../errors.ts"
import type { AnyEvent, Job } from "../job/index.ts"
import { isWorthAnInstance } from "./admit.ts"
import { Bell } from "./bell.ts"
import { newestOfKey } from "./naming.ts"
import type { FleetView } from "./parts.ts"
import { type Instance, type InstanceWait, isLive, nextPilotAt, pilotKey, pilotSpec, waitFor } from "./pilot.ts"
import { jobIdFor } from "./token.ts"
import { inTurn } from "./turns.ts"

/** Jobs may become admissible by the passing of time. */
const lookMs = 5_000
const ownFailureMs = 5_000

/**
 * A pilot is a job like any other, of another executor, so its submission, its end and its cancel are the engine's. What is
 * here decides only whether there is to be another one. It keeps no state: a controller that is started again finds the
 * pilot that runs in the store.
 */
export class Instances implements AsyncDisposable {
  private readonly fleet: FleetView
  private readonly bell: Bell
  private readonly closing = new AbortController()
  private readonly unsubscribe: () => void
  private readonly running: Promise<void>
  private readonly pilotIds = new Map<string, string[]>()
  /** Somebody wants to see one, without a job. */
  private readonly raised = new Map<string, number>()

  constructor(fleet: FleetView) {
    const { store, clock } = fleet.parts
    this.fleet = fleet
    this.bell = new Bell(clock)
    const pilots = [...store.jobs.values()].filter(({ serves }) => serves !== undefined)
    for (const pilot of pilots.sort((one, other) => one.createdAt - other.createdAt)) this.file(pilot)
    this.unsubscribe = store.subscribe((events) => this.onEvents(events))
    this.running = this.served.length === 0 ? Promise.resolve() : this.loop()
  }

  /** What a new job of this executor has to wait for; null: nothing, or it has no instance of ours. */
  waitFor(job: Job): InstanceWait | null {
    const instance = this.fleet.parts.executors.get(job.executor)?.instance
    if (instance === undefined) return null
    return waitFor(instance, job, this.pilots(job.executor), this.fleet.parts.clock.now())
  }

  /** The pilot that runs, also without a job for it; it is started where there is none. Rejects when the signal is aborted. */
  async raise(executor: string, signal: AbortSignal): Promise<Job> {
    const { clock } = this.fleet.parts
    this.raised.set(executor, (this.raised.get(executor) ?? 0) + 1)
    try {
      for (;;) {
        this.bell.ring()
        const pilot = this.pilots(executor).at(-1)
        if (isLive(pilot) && pilot.state === "running") return pilot
        await clock.sleep(100, signal)
      }
    } finally {
      this.raised.set(executor, (this.raised.get(executor) ?? 1) - 1)
    }
  }

  /** Of an executor, oldest first. */
  private pilots(executor: string): Job[] {
    return (this.pilotIds.get(executor) ?? []).flatMap((id) => this.fleet.parts.store.jobs.get(id) ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.unsubscribe()
    this.closing.abort()
    await this.running
  }

  private get served(): readonly { readonly name: string; readonly instance: Instance }[] {
    return [...this.fleet.parts.executors.values()].flatMap(({ name, instance }) =>
      instance === undefined ? [] : [{ name, instance }],
    )
  }

  private file({ id, serves }: Job): void {
    if (serves !== undefined) this.pilotIds.set(serves, [...(this.pilotIds.get(serves) ?? []), id])
  }

  private onEvents(events: readonly AnyEvent[]): void {
    for (const event of events) {
      if (event.type === "created" && event.serves !== undefined) {
        this.pilotIds.set(event.serves, [...(this.pilotIds.get(event.serves) ?? []), event.job])
      }
      if (!("job" in event) || event.type === "waiting") continue
      const { serves } = this.fleet.parts.store.jobs.get(event.job) ?? {}
      // What waits for it asks again.
      if (serves !== undefined && this.fleet.parts.executors.has(serves)) this.fleet.wake(serves)
      this.bell.ring()
    }
  }

  private async loop(): Promise<void> {
    const { signal } = this.closing
    const { log } = this.fleet.parts
    while (!signal.aborted) {
      let waitMs: number | null = null
      for (const { name, instance } of this.served) {
        try {
          if (await this.step(name, instance)) waitMs = lookMs
        } catch (error) {
          const { code, message } = asHawserError(error)
          log.error({ executor: name, step: "instance", code }, message)
          waitMs = ownFailureMs
        }
      }
      await this.bell.wait(waitMs, signal)
    }
  }

  /** True: it is to be looked at again after a while. */
  private async step(executor: string, instance: Instance): Promise<boolean> {
    const pilots = this.pilots(executor)
    const pilot = pilots.at(-1)
    if (isLive(pilot)) {
      // One that runs ends by itself when it has had nothing to do for a while (flux.sh).
      const mayEnd = instance.scope === "workflow" || pilot.state !== "running"
      if (mayEnd && pilot.cancelRequestedAt === null && !this.isOpen(executor)) await this.end(pilot)
      return false
    }
    if (!this.isOpen(executor)) return false
    const isTime = this.fleet.parts.clock.now() >= nextPilotAt(pilots)
    if (isTime && this.isWanted(executor)) await this.start(executor, instance)
    return true
  }

  /** It has jobs that are not over. */
  private isOpen(executor: string): boolean {
    return (this.raised.get(executor) ?? 0) > 0 || !this.fleet.engine(executor).desk.book.isIdle
  }

  /** One of them could be submitted, or is in the instance. */
  private isWanted(executor: string): boolean {
    return (this.raised.get(executor) ?? 0) > 0 || isWorthAnInstance(this.fleet.engine(executor).desk)
  }

  /** Recorded; the rest is the engine's. Two controllers with one journal make the same job of it. */
  private async start(executor: string, instance: Instance): Promise<void> {
    const { store, log } = this.fleet.parts
    const { defaults, scheduler } = this.fleet.partsOf(instance.on)
    const { countsResources } = scheduler.features
    await inTurn(store, async () => {
      let number = this.pilots(executor).length + 1
      while (newestOfKey(store, pilotKey(executor, number)) !== undefined) number += 1
      const key = pilotKey(executor, number)
      const spec = pilotSpec(instance, number, { defaults, countsCores: countsResources })
      const job = jobIdFor(store.identity.seed, key, 0)
      await store.append([{ job, type: "created", key, executor: instance.on, generation: 0, spec, serves: executor }])
      log.info({ executor, key, on: instance.on }, "a Flux instance is started")
    })
    this.fleet.wake(instance.on)
  }

  private async end(pilot: Job): Promise<void> {
    const { store, log } = this.fleet.parts
    log.info({ executor: pilot.serves, key: pilot.key }, "a Flux instance is not needed any more")
    await store.append([{ job: pilot.id, type: "cancel-requested", by: "hawser" }])
    this.fleet.wake(pilot.executor)
  }
}
