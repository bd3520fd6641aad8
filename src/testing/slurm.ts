/** A virtual Slurm: slurmctld with its queue, slurmdbd with its records, and nodes on which wrappers run. */
import type { Dice } from "./dice.ts"
import type { Strike } from "./strikes.ts"
import type { Timeline } from "./timeline.ts"
import { NodeProcess } from "./wrapper.ts"

export interface Native {
  readonly id: number
  readonly name: string
  readonly script: string
  readonly submittedAt: number
  word: string
  reason: string
  startedAt: number | null
  endedAt: number | null
  restarts: number
  /** It was submitted with --requeue. */
  readonly mayRequeue: boolean
  /** As `E` and `S`. */
  exit: { readonly code: number; readonly signal: number }
  node: string | null
  process: NodeProcess | null
  /** It was cancelled, or its time is over: the word with which it will end. */
  ending: string | null
}

/** What accounting keeps of a native, and since when it shows. */
export interface Row {
  readonly native: Native
  readonly shownAt: number
}

export interface SlurmOptions {
  readonly timeline: Timeline
  readonly dice: Dice
  /** Starts the script of a native on a node. Resolves with its exit code; never when it was killed. */
  readonly launch: (native: Native, process: NodeProcess) => Promise<number>
  readonly onAccepted: (native: Native) => void
  readonly onForgotten: (native: Native) => void
  readonly strike: (strike: Strike) => void
}

/** How the site is set up; what a fault changes is here too. */
export interface Site {
  minJobAgeMs: number
  killWaitMs: number
  /** From acceptance to start. */
  queueMs: () => number
  accountingLagMs: () => number
  /** Natives that one user may have; beyond it a limit is told. */
  submitMax: number
  /** It requeues also what asked not to be. */
  requeues: boolean
}

const forgotten = "FORGOTTEN"
const liveWords: ReadonlySet<string> = new Set(["PENDING", "RUNNING", "COMPLETING"])

export class VirtualSlurm {
  readonly site: Site
  /** slurmctld. */
  controller: "up" | "down" | "frozen" = "up"
  /** Since when it is that, ms on the timeline. */
  controllerSince = 0
  /** slurmdbd. */
  accounting: "up" | "down" = "up"
  readonly natives: Map<number, Native> = new Map()
  readonly rows: Map<string, Row> = new Map()
  /** When the whole queue was asked for, ms on the timeline. */
  readonly listedAt: number[] = []
  readonly #options: SlurmOptions
  #nextId = 100
  readonly #given: Set<number> = new Set()
  /** Requests that arrived while slurmctld was frozen. */
  #waiting: (() => void)[] = []
  #rowsWaiting: (() => void)[] = []
  #wakers: (() => void)[] = []

  constructor(site: Site, options: SlurmOptions) {
    this.site = site
    this.#options = options
  }

  isLive(native: Native): boolean {
    return liveWords.has(native.word)
  }

  /** What squeue --states=all would list. */
  listed(): Native[] {
    const { now } = this.#options.timeline
    for (const native of this.natives.values())
      if (native.endedAt !== null && !this.isLive(native) && now - native.endedAt > this.site.minJobAgeMs)
        this.natives.delete(native.id)
    return [...this.natives.values()]
  }

  /** A request that waits for its turn at a frozen slurmctld, also when nobody waits for the answer any more. */
  whenThawed(act: () => void): void {
    this.#waiting.push(act)
  }

  accept(name: string, script: string, mayRequeue = false): Native {
    const native: Native = {
      id: this.#nextNumber(),
      name,
      script,
      submittedAt: this.#options.timeline.now,
      word: "PENDING",
      reason: "Priority",
      startedAt: null,
      endedAt: null,
      restarts: 0,
      mayRequeue,
      exit: { code: 0, signal: 0 },
      node: null,
      process: null,
      ending: null,
    }
    this.natives.set(native.id, native)
    this.#options.onAccepted(native)
    this.#record(native)
    void this.#live(native)
    return native
  }

  #nextNumber(): number {
    const id = this.#nextId++
    if (this.#given.has(id)) this.#options.strike("slurmctld gives an id again")
    this.#given.add(id)
    return id
  }

  /** scancel: TERM, and KILL after KillWait; `kill`: at once. */
  cancel(native: Native, kill: boolean): void {
    if (native.word === "PENDING") return this.#end(native, "CANCELLED", native.exit)
    if (native.word !== "RUNNING" && native.word !== "COMPLETING") return
    this.stop(native, "CANCELLED", kill)
  }

  /** Ends what runs, for a reason that becomes its word: a cancel, a time limit, preemption. */
  stop(native: Native, word: string, kill = false): void {
    const { process } = native
    native.ending ??= word
    native.word = "COMPLETING"
    this.#record(native)
    const end = (): void => {
      process?.kill()
      if (native.process === process && this.isLive(native))
        this.#end(native, native.ending ?? word, { code: 0, signal: 9 })
    }
    if (kill) return end()
    process?.term()
    this.#options.timeline.after(this.site.killWaitMs, end)
  }

  /** The node of a native is gone for slurmctld; `dies`: its processes too. */
  failNode(native: Native, dies: boolean): void {
    const { timeline, dice, strike } = this.#options
    const { process } = native
    if (native.word !== "RUNNING" || process === null) return
    strike("a node fails")
    if (dies) process.kill()
    timeline.after(dice.between(15_000, 30_000), () => {
      if (native.process !== process || !this.isLive(native)) return
      if (process.alive) strike("a payload runs on after its node has failed")
      this.#end(native, native.ending ?? "NODE_FAIL", { code: 0, signal: 0 })
    })
  }

  /** Somebody with more right needs its nodes. */
  preempt(native: Native): void {
    if (native.word === "RUNNING" && native.process !== null) this.stop(native, "PREEMPTED")
  }

  /** Accounting has no record of it before it runs again: until then it shows how this start has ended. */
  #requeue(native: Native): void {
    native.word = "PENDING"
    native.reason = "BeginTime"
    native.restarts += 1
    native.startedAt = null
    native.endedAt = null
    native.node = null
    native.ending = null
    void this.#live(native, 120_000)
  }

  /** kill -9 and start anew: what was accepted within `lossMs` is forgotten, and its ids are given again. */
  crash(lossMs: number): void {
    const since = this.#options.timeline.now - lossMs
    if ([...this.natives.values()].some((native) => native.submittedAt < since && this.isLive(native)))
      this.#options.strike("slurmctld killed, and back with its state")
    for (const native of this.natives.values()) {
      if (native.submittedAt < since) continue
      this.#nextId = Math.min(this.#nextId, native.id)
      this.#options.strike("slurmctld forgets what it accepted")
      this.#forget(native)
    }
    this.#waiting = []
  }

  /** slurmctld -c: the queue is empty, and accounting calls what was in it cancelled. */
  coldStart(): void {
    for (const native of this.natives.values()) {
      if (this.isLive(native)) {
        this.#options.strike("slurmctld back without its state")
        this.#forget(native)
        this.#write(native, { ...native, word: "CANCELLED", endedAt: this.#options.timeline.now })
      } else this.natives.delete(native.id)
    }
  }

  setController(state: "up" | "down" | "frozen"): void {
    if (this.controller !== state) this.controllerSince = this.#options.timeline.now
    this.controller = state
    if (state !== "up") return
    const { timeline, dice } = this.#options
    for (const act of this.#waiting.splice(0)) timeline.after(dice.chance(0.5) ? 0 : dice.between(0, 30_000), act)
    for (const wake of this.#wakers.splice(0)) wake()
  }

  setAccounting(state: "up" | "down"): void {
    this.accounting = state
    if (state === "up") for (const write of this.#rowsWaiting.splice(0)) write()
  }

  /** Its processes are orphans, which slurmd ends soon. */
  #forget(native: Native): void {
    const { timeline, dice, onForgotten } = this.#options
    const { process } = native
    this.natives.delete(native.id)
    native.ending = forgotten
    native.process = null
    onForgotten(native)
    timeline.after(dice.between(500, 18_000), () => process?.kill())
  }

  /** From acceptance, or a requeue, to the end. */
  async #live(native: Native, extraMs = 0): Promise<void> {
    const { timeline, launch } = this.#options
    await timeline.sleep(this.site.queueMs() + extraMs)
    await this.#up()
    if (native.word !== "PENDING" || this.natives.get(native.id) !== native) return
    const process = new NodeProcess(timeline)
    native.process = process
    native.word = "RUNNING"
    native.reason = "None"
    native.startedAt = timeline.now
    native.node = "n1"
    this.#record(native)
    const code = await launch(native, process)
    process.alive = false
    await this.#up()
    if (native.process !== process) return
    if (native.ending === null) native.word = "COMPLETING"
    await timeline.sleep(this.#options.dice.between(0, 3_000))
    if (native.process !== process || !this.isLive(native)) return
    this.#end(native, native.ending ?? (code === 0 ? "COMPLETED" : "FAILED"), { code, signal: 0 })
  }

  async #up(): Promise<void> {
    while (this.controller !== "up") await new Promise<void>((resolve) => void this.#wakers.push(resolve))
  }

  #end(native: Native, word: string, exit: Native["exit"]): void {
    native.word = word
    native.exit = exit
    native.reason = word === "FAILED" ? "NonZeroExitCode" : "None"
    native.endedAt = this.#options.timeline.now
    native.process = null
    this.#record(native)
    if ((native.mayRequeue || this.site.requeues) && (word === "NODE_FAIL" || word === "PREEMPTED"))
      this.#requeue(native)
  }

  /** slurmdbd gets to know it later; where it is down, when it is up again. */
  #record(native: Native): void {
    this.#write(native, { ...native })
  }

  #write(native: Native, as: Native): void {
    const { timeline } = this.#options
    const name = rowName(native)
    const write = (): void => {
      // Asked before it arrives, the older row is shown; there is none before the first.
      timeline.after(this.site.accountingLagMs(), () => {
        // What slurmctld had not told yet when it was killed, it never tells.
        if (native.ending === forgotten && as.word !== "CANCELLED") return
        const known = this.rows.get(name)?.native
        if (known !== undefined && known.endedAt !== null && as.endedAt === null && known.restarts >= as.restarts)
          return
        this.rows.set(name, { native: as, shownAt: timeline.now })
      })
    }
    if (this.accounting === "up") write()
    else this.#rowsWaiting.push(write)
  }
}

function rowName({ id, submittedAt }: Native): string {
  return `${id}@${submittedAt}`
}
