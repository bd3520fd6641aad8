/** How the payload is started: the last lines of payload.sh, and the files of jobs that are several processes. */
import type { HostSlots, JobSpec } from "../job/index.ts"
import { quoteAll, script } from "../quote.ts"
import type { TextFile } from "./pack.ts"
import { launchPrograms } from "./programs.ts"

/** What a launcher says; launchers/launcher.ts has the meaning of each field. */
export interface Launching {
  readonly programs: readonly string[]
  readonly ways: readonly {
    readonly flavour: string | null
    readonly words: readonly string[]
    readonly forward: string | null
    readonly hostfile: {
      readonly option: string
      readonly form: "slots" | "colon"
      readonly variables: readonly string[]
    } | null
  }[]
}

interface Command {
  readonly home: string
  /** The job directory. */
  readonly directory: string
  readonly spec: JobSpec
  readonly argv: readonly string[]
}

/** Where `outputPerRank` puts its files, as a glob: they come back. */
export const rankOutputs = "ranks/*"

/** Lines that end payload.sh: they become the payload, or run it and what follows it. */
export function launchLines(launch: Launching, command: Command & { readonly stdin: string }): string[] {
  const { home, directory, stdin, spec } = command
  if (launch.programs.length === 0) {
    const words = launch.ways[0]?.words ?? []
    const argv = [...words, ...(isSeveral(launch) ? ["/bin/sh", `${directory}/rank.sh`] : command.argv)]
    // How a launcher's processes ended is for hz_run to say.
    const isAlone = spec.epilogue === null && !isSeveral(launch)
    return [quoteAll(isAlone ? ["hz_exec", stdin, ...argv] : ["hz_run", spec.epilogue ?? "", stdin, ...argv])]
  }
  const { mpi } = launchPrograms()
  const flavours = launch.ways.map(({ flavour }) => flavour ?? "").join(" ")
  const ways = launch.ways.map(({ flavour, words, forward, hostfile }) => {
    const hosts = [hostfile?.option ?? "-", hostfile?.form ?? "-", hostfile?.variables.join(" ") ?? ""]
    return quoteAll(["hz_way", flavour ?? "", forward ?? "-", ...hosts, ...words])
  })
  return [
    quoteAll([".", `${home}/bin/${mpi.name}`]),
    quoteAll(["hz_mpi", stdin, spec.epilogue ?? "", flavours, ...launch.programs]),
    ...ways,
    "hz_mpi_none",
  ]
}

/**
 * The command itself stands in a file: a word such as `:` among its own would mean something to mpirun. `hosts` is read by
 * mpi.sh, and by whoever ends what is left on them.
 */
export function launchFiles(
  launch: Launching,
  hosts: readonly HostSlots[] | null,
  { home, directory, spec, argv }: Command,
): TextFile[] {
  if (!isSeveral(launch)) return []
  const { rank, sweep } = launchPrograms()
  const output = spec.launch?.outputPerRank === true ? "own" : "one"
  const lines = [
    "#!/bin/sh",
    quoteAll([".", `${home}/bin/${rank.name}`]),
    quoteAll(["hz_rank", directory, output, ...argv]),
  ]
  const list = [`sweep ${home}/bin/${sweep.name}`, ...(hosts?.map(({ host, slots }) => `host ${host} ${slots}`) ?? [])]
  return [
    { name: "rank.sh", mode: 0o700, text: script(lines) },
    ...(hosts === null ? [] : [{ name: "hosts", mode: 0o600, text: script(list) }]),
  ]
}

/** Where each process has our shell as its parent. */
function isSeveral({ programs, ways }: Launching): boolean {
  return programs.length > 0 || (ways[0]?.words.length ?? 0) > 0
}
