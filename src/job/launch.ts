/** How the processes of a job are started: a launcher by its name, and what it is told. */
import { z } from "zod"
import { flag, list, maybe, oneOf, word } from "./schema.ts"
import type { JobSpec, LaunchOptions } from "./spec.ts"

export interface SaidLauncher {
  /** `auto`, or a launcher's name. */
  readonly name: string
  readonly options: LaunchOptions
}

export const launcherFields: readonly string[] = ["name", "bind", "oversubscribe", "outputPerRank", "options"]

const want =
  "Write a launcher's name, such as auto, none, mpirun or srun, or {name, bind, oversubscribe, outputPerRank}."

const launcherObject = z
  .strictObject(
    {
      name: maybe(word("Write a launcher's name, such as mpirun.")),
      bind: maybe(oneOf(["core", "socket", "numa", "none"])),
      oversubscribe: maybe(flag()),
      outputPerRank: maybe(flag()),
      options: maybe(list(word("Write one option."), 'Write a list of options, such as ["--mpi=pmix"].')),
    },
    { error: want },
  )
  .transform(({ name, bind, oversubscribe, outputPerRank, options }): SaidLauncher => ({
    name: name ?? "auto",
    options: {
      ...(bind ? { bind } : {}),
      ...(oversubscribe === true ? { oversubscribe } : {}),
      ...(outputPerRank === true ? { outputPerRank } : {}),
      ...(options && options.length > 0 ? { options } : {}),
    },
  }))

export const launcherSchema: z.ZodType<SaidLauncher> = z.union(
  [word(want).transform((name): SaidLauncher => ({ name, options: {} })), launcherObject],
  { error: want },
)

/**
 * What a job says, with what its executor says where it says nothing. An executor's options are for its launcher: a job that
 * names another one gets none of them.
 */
export function laidLauncher(said: SaidLauncher, under: SaidLauncher | null): SaidLauncher {
  if (under === null || (said.name !== "auto" && said.name !== under.name)) return said
  return { name: under.name, options: { ...under.options, ...said.options } }
}

/** As the normalised spec has it: options only where there are some. */
export function launcherOf(said: SaidLauncher | null | undefined): Pick<JobSpec, "launcher" | "launch"> {
  const { name, options } = said ?? { name: "auto", options: {} }
  return { launcher: name, ...(Object.keys(options).length === 0 ? {} : { launch: options }) }
}
