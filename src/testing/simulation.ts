/** The simulation of one seed: controllers, users, a cluster and its trouble on one timeline, until all is over. */
import type { Log } from "../executors/log.ts"
import { isFinal } from "../job/index.ts"
import { openStore } from "../persist/index.ts"
import { type Broken, brokenTrouble, takeForShown } from "./broken.ts"
import { checkBudgets, checkQueued } from "./budgets.ts"
import { Cluster } from "./cluster.ts"
import { Dice } from "./dice.ts"
import { Disk } from "./disk.ts"
import { Faults } from "./faults.ts"
import { directory, fleetOn } from "./fleet.ts"
import { hostOf } from "./host.ts"
import { type Fate, Life, type When } from "./life.ts"
import { type Scenario, behaviourOf, drawScenario } from "./scenario.ts"
import { schedule } from "./schedule.ts"
import { type Strike, killStrike } from "./strikes.ts"
import { Timeline } from "./timeline.ts"
import { type Kill, type Trouble, calmMsOf, drawTrouble } from "./trouble.ts"
import { serve } from "./users.ts"
import { type Realm, type Violation, excusesOf, realmOn } from "./testimony.ts"
import { Witness } from "./witness.ts"
import type { Controller, World } from "./world.ts"

export interface SimulationOptions {
  readonly seed: number
  /** Default: drawn from the seed. */
  readonly scenario?: Scenario
  /** Default: drawn from the seed. */
  readonly trouble?: Trouble
  /** An engine that breaks one rule, to see that it is found out. */
  readonly broken?: Broken | null
  /** Lines of what happened that are kept; the last of them explain a violation. Default 0. */
  readonly logMax?: number
}

export interface Report {
  readonly seed: number
  readonly violations: readonly Violation[]
  /** How long it took in the world, ms. */
  readonly lastedMs: number
  /** Steps that controllers made. */
  readonly steps: number
  /** States of the jobs at the end, by key. */
  readonly outcomes: Readonly<Record<string, string>>
  readonly log: readonly string[]
  /** What trouble really did, in the order in which it first did. */
  readonly struck: readonly Strike[]
}

const epochMs = Date.UTC(2026, 0, 1)
/** All trouble is over then, and the last job long ended. */
const patienceMs = 24 * 3_600_000
/** After the last job: for what nobody wants any more to go. */
const restMs = 3_600_000

export async function simulate(options: SimulationOptions): Promise<Report> {
  return new Simulation(options).run()
}

class Simulation implements World {
  readonly timeline: Timeline = new Timeline()
  readonly trouble: Trouble
  readonly scenario: Scenario
  readonly witness: Witness
  readonly cluster: Cluster
  readonly faults: Faults
  readonly dice: Dice
  readonly controllers: Controller[] = []
  readonly #options: SimulationOptions
  readonly #kills: Kill[]
  readonly #hits: Map<Kill, number> = new Map()
  /** From then on all is well. */
  readonly #calmMs: number
  #starts = 0
  #steps = 0

  constructor(options: SimulationOptions) {
    this.#options = options
    const dice = new Dice(options.seed)
    this.dice = dice.fork()
    this.scenario = options.scenario ?? drawScenario(dice.fork())
    this.trouble = brokenTrouble(options.trouble ?? drawTrouble(dice.fork()), options.broken ?? null)
    this.#kills = [...this.trouble.kills]
    const { trouble, timeline } = this
    this.#calmMs = calmMsOf(trouble)
    this.witness = new Witness(timeline, this.scenario, excusesOf(trouble), options.logMax ?? 0)
    this.faults = new Faults(trouble, timeline, dice.fork())
    const site = dice.fork()
    this.cluster = new Cluster({
      timeline,
      dice: dice.fork(),
      site: {
        minJobAgeMs: trouble.minJobAgeMs,
        killWaitMs: 30_000,
        queueMs: () => (site.chance(0.6) ? site.between(100, 3_000) : site.between(3_000, 40_000)),
        accountingLagMs: () => site.between(0, trouble.accountingLagMsMax),
        submitMax: trouble.submitMax,
        requeues: trouble.requeues,
      },
      faults: this.faults,
      witness: this.witness,
      behaviour: (key, attempt) => behaviourOf(this.scenario, key, attempt),
      epochMs: epochMs + dice.whole(-600_000, 600_000),
      isGuarded: options.broken !== "no-guard",
    })
  }

  async run(): Promise<Report> {
    const { timeline, witness, trouble } = this
    witness.afterAcceptance = () => {
      const store = this.controllers.at(-1)?.realm.store ?? null
      if (store !== null) checkQueued(witness, this.cluster, trouble, store)
    }
    schedule(this)
    const disk = new Disk({
      syncMs: () => this.dice.between(1, 8),
      sleep: (ms) => timeline.sleep(ms),
      fault: (what) => this.faults.diskFault(what),
      strike: (what) => witness.strike(what),
      ...(this.#options.broken === "no-fsync" ? { isSynced: () => false } : {}),
      ...(this.#options.broken === "accept-before-intent"
        ? { isSynced: (unsynced: Buffer) => !unsynced.includes('"type":"intent"') }
        : {}),
    })
    void this.start(disk, realmOn(disk), 0)
    const untilMs = this.#calmMs + patienceMs
    let restsUntil: number | null = null
    while (witness.violations.length === 0 && (await timeline.step(restsUntil ?? untilMs))) {
      if (restsUntil === null && this.#isOver()) restsUntil = timeline.now + restMs
    }
    this.#finish()
    const store = this.controllers.at(-1)?.realm.store ?? null
    return {
      seed: this.#options.seed,
      violations: witness.violations,
      lastedMs: timeline.now,
      steps: this.#steps,
      outcomes: Object.fromEntries([...(store?.jobs.values() ?? [])].map((job) => [job.key, wordsOf(job)])),
      log: witness.log,
      struck: [...witness.struck],
    }
  }

  /** A controller on this disk. Tries again where it can't have the directory yet. */
  async start(disk: Disk, realm: Realm, pauseMs: number, takeOver = false): Promise<void> {
    const { timeline, witness } = this
    this.#coming.add(disk)
    await timeline.sleep(pauseMs)
    this.#coming.delete(disk)
    if (this.#retired.has(disk)) return
    this.#starts += 1
    const life = new Life({
      id: this.#starts,
      timeline,
      dice: this.dice.fork(),
      epochMs,
      onStep: (one, step) => this.#fate(one, step),
    })
    life.wallOffsetMs = this.#wallOffsetMs
    const controller = { life, realm, disk }
    this.#starting.add(controller)
    const files = disk.files(life)
    try {
      const store = await openStore(directory, {
        clock: life.clock,
        files,
        host: hostOf(life.id, () => this.#livesAs(disk)),
        takeOver,
        snapshotEvents: this.#options.seed % 3 === 0 ? 25 : 5_000,
      })
      witness.note("controller opens", [`epoch ${store.epoch}`])
      witness.opened(realm, store, life.id)
      const { seed, broken = null } = this.#options
      await takeForShown(store, broken)
      const log = this.#log(life)
      const fleet = fleetOn({
        life,
        store,
        files,
        log,
        seed,
        broken,
        trouble: this.trouble,
        network: this.cluster.network,
      })
      void fleet.lost.then((why) => this.#onLost(life, why.code))
      this.controllers.push({ ...controller, fleet })
    } catch (error) {
      await life.awake()
      witness.note("a controller can't open", [String(error)])
      life.kill()
      this.#starting.delete(controller)
      return this.start(disk, realm, 5_000, takeOver)
    }
    this.#starting.delete(controller)
    const last = this.controllers.at(-1)
    if (last !== undefined) void serve(this, last)
  }

  readonly #starting: Set<{ readonly life: Life; readonly disk: Disk; readonly realm: Realm }> = new Set()
  /** Disks for which a controller will be started. */
  readonly #coming: Set<Disk> = new Set()
  /** Disks that nobody uses for now. */
  readonly #retired: Set<Disk> = new Set()
  #wallOffsetMs = 0

  /** Kills a controller, and starts another one on what is left of its disk. */
  die(life: Life, power: boolean, pauseMs: number): void {
    const one = [...this.controllers, ...this.#starting].find((other) => other.life === life)
    life.kill()
    this.witness.note(power ? "controller dies, and its machine" : "controller dies")
    this.cluster.network.cut("The controller is gone.", life)
    if (one === undefined) return
    const isLast = this.controllers.at(-1)?.life === life || this.#starting.has(one)
    this.#starting.delete(one)
    if (power) {
      for (const other of this.#onDisk(one.disk)) other.life.kill()
      one.disk.loseUnsynced(this.dice)
    }
    if (isLast || this.#isDeserted(one.disk)) void this.start(one.disk, one.realm, pauseMs)
  }

  takeOver(freezeMs: number): void {
    const first = this.controllers.at(-1)
    if (first === undefined) return
    if (first.life.alive) this.witness.strike("state directory is taken over from one who lives")
    first.life.freeze(freezeMs, false)
    void this.start(first.disk, first.realm, 0, true)
  }

  copy(goesOn: boolean): () => void {
    const first = this.controllers.at(-1)
    if (first === undefined) return () => undefined
    this.witness.strike("state directory is copied")
    if (!goesOn) this.#retire(first.disk)
    const disk = first.disk.copy()
    void this.start(disk, realmOn(disk, first.realm.acknowledged), 0, true)
    return () => {
      this.witness.strike("a copy is given up for the original")
      this.#retire(disk)
      this.#retired.delete(first.disk)
      void this.start(first.disk, first.realm, 0)
    }
  }

  /** Ends whoever lives on this disk; nobody is started on it any more. */
  #retire(disk: Disk): void {
    this.#retired.add(disk)
    for (const { life } of this.#onDisk(disk)) {
      life.kill()
      this.cluster.network.cut("The controller is ended.", life)
    }
  }

  /** A controller that has lost its directory ends by itself. */
  #onLost(life: Life, code: string): void {
    this.witness.note("a controller ends", [code])
    life.kill()
    this.cluster.network.cut("The controller has ended.", life)
    const one = this.controllers.find((other) => other.life === life)
    if (one !== undefined && this.#isDeserted(one.disk)) void this.start(one.disk, one.realm, 1_000)
  }

  /** Another one acts in its place over there: a person ends all but the newest, and starts that again. */
  #onSuperseded(life: Life): void {
    if (this.controllers.at(-1)?.life !== life) return
    for (const other of this.controllers) if (other.life !== life) other.life.kill()
    this.die(life, false, 60_000)
  }

  jumpWallClocks(ms: number): void {
    this.witness.note("wall clocks jump", [`${Math.round(ms)} ms`])
    if (ms !== 0) this.witness.strike(`wall clock jumps ${ms > 0 ? "forward" : "back"}`)
    this.#wallOffsetMs += ms
    for (const { life } of this.controllers) life.wallOffsetMs = this.#wallOffsetMs
  }

  #fate(life: Life, { what, when }: { readonly what: string; readonly when: When }): Fate {
    this.#steps += 1
    for (const kill of this.#kills) {
      if (kill.when !== when || !what.includes(kill.what)) continue
      const hits = (this.#hits.get(kill) ?? 0) + 1
      this.#hits.set(kill, hits)
      if (hits !== kill.number) continue
      this.#kills.splice(this.#kills.indexOf(kill), 1)
      this.witness.note(`dies ${when}`, [what])
      this.witness.strike(killStrike(what, when))
      this.die(life, kill.power, kill.pauseMs)
      return "die"
    }
    return "live"
  }

  /** Controllers that live on this disk, or are about to. */
  #onDisk(disk: Disk): readonly { readonly life: Life }[] {
    return [...this.controllers, ...this.#starting].filter((one) => one.disk === disk && one.life.alive)
  }

  /** Nobody is there, and it is the one that users talk to. */
  #isDeserted(disk: Disk): boolean {
    return this.controllers.at(-1)?.disk === disk && this.#onDisk(disk).length === 0 && !this.#coming.has(disk)
  }

  /** Their pids. */
  #livesAs(disk: Disk): ReadonlySet<string> {
    return new Set(this.#onDisk(disk).map(({ life }) => String(life.id)))
  }

  #log(life: Life): Log {
    const line =
      (level: string) =>
      (facts: object, message: string): void => {
        this.witness.note(`log ${level}: ${message}`, [JSON.stringify(facts).slice(0, 200)])
        if (!life.alive) return
        const code = "code" in facts ? facts.code : null
        if (code === "OWNER_SUPERSEDED" || code === "STORE_SUPERSEDED")
          this.witness.strike("a superseded controller is told so")
        if (code === "OWNER_SUPERSEDED") this.#onSuperseded(life)
        if (code === "ENGINE_FAILED" || message === "an event was refused" || code === "EVENT_REFUSED")
          this.witness.object("the engine has no bugs", `${message} ${"stack" in facts ? String(facts.stack) : ""}`)
      }
    return { debug: () => undefined, info: line("info"), warn: line("warn"), error: line("error") }
  }

  #isOver(): boolean {
    const store = this.controllers.at(-1)?.realm.store
    if (store === undefined || store === null || this.timeline.now < this.#calmMs) return false
    return this.scenario.every(({ key, abandon }) => {
      // Somebody has yet to give it up, and may submit it again.
      if (abandon !== undefined && this.timeline.now < abandon.atMs) return false
      const job = store.jobs.get(store.newestByKey(key) ?? "")
      return job !== undefined && (isFinal(job.state) || this.witness.waitsForEver(store, key))
    })
  }

  #finish(): void {
    const { witness, cluster, controllers } = this
    const store = controllers.at(-1)?.realm.store
    if (witness.violations.length > 0) return
    if (store === undefined || store === null) return witness.object("every job ends", "there is no controller")
    const keys = this.scenario.map(({ key }) => key)
    const live = cluster.slurm.listed().filter((native) => cluster.slurm.isLive(native))
    witness.atEnd(store, keys, { live, hasRecord: (token) => cluster.hasRecord(token) })
    checkBudgets(witness, cluster, this.trouble, this.#starts)
  }
}

function wordsOf(job: { readonly state: string; readonly outcome: { readonly cause: string | null } | null }): string {
  return [job.state, job.outcome?.cause].filter((word) => typeof word === "string").join(" ")
}
