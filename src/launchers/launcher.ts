/** The interface of a launcher: how a command becomes several processes inside an attempt. Pure. */
import type { JobSpec } from "../job/index.ts"

export interface Launcher {
  readonly name: string
  /** How it starts the processes of `spec`. Throws a UsageError for what it can't express. */
  launch(spec: JobSpec, situation: Situation): Launch
}

export interface Situation {
  /** The slots are ours to give: no manager binds the processes, and several jobs may share a host. */
  readonly ownSlots: boolean
}

/** Which kind of MPI there is shows only where the job runs, so there is a way for each that may be there. */
export interface Launch {
  /**
   * Names of the program, the first one that is there and of a flavour of `ways` is taken; empty: nothing is looked for,
   * and there is one way, whose words begin with the program.
   */
  readonly programs: readonly string[]
  readonly ways: readonly Way[]
}

export interface Way {
  /** As remote/mpi.sh calls what it finds; null: nothing was looked for. */
  readonly flavour: Flavour | null
  /** Options; what follows them is the command. None at all: the command is started once, as it is. */
  readonly words: readonly string[]
  /** The option that hands one variable on to processes on other hosts; null: all are handed on anyway. */
  readonly forward: string | null
  /** How it is told of hosts; null: its manager knows them. */
  readonly hostfile: Hostfile | null
}

export type Flavour = "openmpi4" | "openmpi5" | "mpich" | "intelmpi"

export interface Hostfile {
  readonly option: string
  /** `slots`: `host slots=4`; `colon`: `host:4`. */
  readonly form: "slots" | "colon"
  /** Variables of managers that name a file with a line for each slot, and that it does not look for itself in every build. */
  readonly variables: readonly string[]
}

/** A program whose name is known, and which takes hosts and variables from its manager. */
export function plainLaunch(words: readonly string[]): Launch {
  return { programs: [], ways: [{ flavour: null, words, forward: null, hostfile: null }] }
}
