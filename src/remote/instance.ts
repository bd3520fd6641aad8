/** The script of a pilot: the job that is a Flux instance of our own (flux.sh says what its settings mean). */
import { assignments, script } from "../quote.ts"
import { shellText } from "./shellText.ts"

export interface PilotSettings {
  /** Of the instance; absolute or `~/…`. */
  readonly directory: string
  /** The home of the executor whose jobs run in it; absolute or `~/…`. */
  readonly home: string
  readonly token: string
  readonly pilot: number
  readonly nodes: number
  /** On each node; null: all that are there. */
  readonly cores: number | null
  /** Seconds; null: it has no end of its own. */
  readonly walltime: number | null
  /** Seconds before that when nothing is started any more. */
  readonly drain: number
  /** Seconds without a job after which it ends. */
  readonly idle: number
}

const programFiles = ["facts.sh", "instance.sh", "flux.sh"]

export function pilotScript(settings: PilotSettings): string {
  const { directory, home, token, pilot, nodes, cores, walltime, drain, idle } = settings
  const lines = assignments({
    hz_at: directory,
    hz_jobs: home,
    hz_token: token,
    hz_pilot: String(pilot),
    hz_nodes: String(nodes),
    hz_cores: cores === null ? "" : String(cores),
    hz_walltime: walltime === null ? "" : String(walltime),
    hz_drain: String(drain),
    hz_idle: String(idle),
  })
  return script(["#!/bin/sh", ...lines]) + shellText(programFiles)
}

/** Why a pilot could not do its work, by its exit code; undefined for any other. */
export const pilotTroubles: Readonly<Record<number, string>> = {
  71: "There is no flux on the PATH of its host.",
  72: "Its state directory holds an instance that is not ours.",
  73: "It came up with another number of brokers than it has nodes: srun --mpi=pmi2 gave it no PMI, or its state directory is one of another shape.",
  74: "Flux could not be started there.",
  75: "It runs there already, under an earlier pilot.",
  76: "Processes that an earlier life has left can't be ended.",
}
