/** A virtual cluster: login node, file system, Slurm and nodes, on one timeline. */
import type { Dice } from "./dice.ts"
import { Home, jobFolder, wasStopped } from "./home.ts"
import { Network, type NetworkFaults } from "./network.ts"
import { type ProgramFaults, type ProgramHost, runProgram } from "./programs.ts"
import { type Native, type Site, VirtualSlurm } from "./slurm.ts"
import type { Strike } from "./strikes.ts"
import type { Timeline } from "./timeline.ts"
import type { VerbHost } from "./verbs.ts"
import { type Behaviour, type NodeProcess, type Run, runWrapper } from "./wrapper.ts"

/** What the cluster does to those who use it. */
export interface ClusterFaults extends NetworkFaults, ProgramFaults {
  /** Whether the node on which this native starts sees our file system. */
  seesHome(native: Native): boolean
  /** Nodes have a copy of what was staged, and nothing else of it. */
  readonly isApart: boolean
  /** How long what one host has written takes to show on another, ms. */
  lagMs(): number
}

/** Who wants to know what really happened. */
export interface ClusterWitness {
  onRun(run: Run): void
  onAccepted(native: Native): void
  onForgotten(native: Native): void
  onCancel(native: Native): void
  /** A native of this token ended without having run the payload. */
  onHindered(token: string): void
  /** The job directory of this token was removed. */
  onRemoved(token: string): void
  /** The controller of this number got through to the login node. */
  onReached(by: number): void
  note(what: string, facts?: readonly string[]): void
  strike(strike: Strike): void
}

export interface ClusterOptions {
  readonly timeline: Timeline
  readonly dice: Dice
  readonly site: Site
  readonly faults: ClusterFaults
  readonly witness: ClusterWitness
  readonly behaviour: (key: string, attempt: number) => Behaviour
  /** The manager's clock at the beginning of the world, ms since 1970. */
  readonly epochMs: number
  readonly isGuarded: boolean
}

export class Cluster {
  readonly homes: Map<string, Home> = new Map()
  /** As nodes have them that are apart. */
  readonly #copies: Map<string, Home> = new Map()
  readonly slurm: VirtualSlurm
  readonly network: Network
  readonly #options: ClusterOptions

  constructor(options: ClusterOptions) {
    this.#options = options
    const { timeline, dice, site, faults, witness } = options
    const strike = (what: Strike): void => witness.strike(what)
    this.slurm = new VirtualSlurm(site, {
      timeline,
      dice: dice.fork(),
      launch: (native, process) => this.#launch(native, process),
      onAccepted: (native) => witness.onAccepted(native),
      onForgotten: (native) => witness.onForgotten(native),
      strike,
    })
    const programs: ProgramHost = {
      slurm: this.slurm,
      timeline,
      dice: dice.fork(),
      faults,
      strike,
      secondsOf: (ms) => this.#secondsOf(ms),
      hasFile: (path) => this.#hasFile(path),
      onCancel: (native) => witness.onCancel(native),
    }
    const host: VerbHost = {
      homes: this.homes,
      now: () => timeline.now,
      seconds: () => this.#secondsOf(timeline.now),
      // A name that nobody has looked for is not cached as missing, so it shows sooner than a change does.
      seenOnNodesAt: () => timeline.now + Math.min(1_500, faults.lagMs() / 10),
      run: (argv) => runProgram(programs, argv),
      strike,
      onRemoved: (token) => witness.onRemoved(token),
    }
    const note = (what: string, argv: readonly string[]): void => witness.note(what, argv)
    this.network = new Network({ timeline, host, faults, note, strike, onReached: (by) => witness.onReached(by) })
  }

  /** Whether a wrapper that nobody told to end, or can have, has left its record. */
  hasRecord(token: string): boolean {
    const exits = [...this.homes.values()].flatMap((home) => [...(home.jobs.get(token)?.exits.values() ?? [])])
    return exits.some(({ value }) => !wasStopped(value))
  }

  #homeSeenBy(native: Native, path: string, token: string): Home | null {
    const { faults, witness } = this.#options
    if (faults.seesHome(native)) return this.#homeOnNodes(path, token)
    witness.strike("a node does not see the file system")
    return null
  }

  #secondsOf(ms: number): number {
    return Math.floor((this.#options.epochMs + ms) / 1_000)
  }

  #hasFile(path: string): boolean {
    const [, home = "", token = "", name = ""] = /^(.*)\/jobs\/([^/]+)\/(.+)$/.exec(path) ?? []
    return this.homes.get(home)?.jobs.get(token)?.files.has(name) === true
  }

  #homeOnNodes(path: string, token: string): Home | null {
    const home = this.homes.get(path)
    if (home === undefined || !this.#options.faults.isApart) return home ?? null
    const copy = this.#copies.get(path) ?? new Home(path)
    this.#copies.set(path, copy)
    this.#options.witness.strike("nodes have a file system of their own")
    const staged = home.jobs.get(token)
    if (staged !== undefined && !copy.jobs.has(token))
      copy.jobs.set(token, jobFolder(staged.files, staged.seenOnNodesAt))
    return copy
  }

  /** The batch script runs the wrapper; what it is for stands in its path. A stranger's ends by itself. */
  async #launch(native: Native, process: NodeProcess): Promise<number> {
    const { timeline, dice, faults, witness, behaviour, isGuarded } = this.#options
    const [, path = "", token = ""] = /^(.*)\/jobs\/([^/]+)\//.exec(native.script) ?? []
    witness.note("starts on a node", [String(native.id), native.name])
    if (token === "") {
      await process.nap(dice.between(1_000, 60_000))
      return 0
    }
    return runWrapper({
      timeline,
      process,
      home: this.#homeSeenBy(native, path, token),
      token,
      nativeId: String(native.id),
      start: native.restarts,
      nonce: dice.hex(4),
      seconds: () => this.#secondsOf(timeline.now),
      lagMs: () => faults.lagMs(),
      pauseMs: () => (dice.chance(0.8) ? dice.between(1, 50) : dice.between(50, 3_000)),
      behaviour,
      onRun: (run) => witness.onRun(run),
      onHindered: (hindered) => witness.onHindered(hindered),
      strike: (what) => witness.strike(what),
      isGuarded,
    })
  }
}
