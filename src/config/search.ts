/** Where the config file and the state directory are. Looks at the file system, reads nothing. */
import { readdirSync, type Stats, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { UsageError } from "../errors.ts"

export interface Surroundings {
  /** Absolute. */
  readonly cwd: string
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface FoundConfig {
  /** Absolute; null: there is none. */
  readonly file: string | null
  /** The state directory belongs beside it. */
  readonly ownsState: boolean
}

/** `--config`, HAWSER_CONFIG, the nearest hawser.yaml upwards, the user's own one. Throws when a named one is missing. */
export function findConfig(named: string | undefined, { cwd, home, env }: Surroundings): FoundConfig {
  const own = userConfig(home, env)
  const asked = named ?? nonEmpty(env["HAWSER_CONFIG"])
  if (asked !== undefined) {
    const file = resolve(cwd, withHome(asked, home))
    const stats = look(file)
    if (stats === null || stats.isDirectory()) throw missing(file, named === undefined ? "HAWSER_CONFIG" : "--config")
    return { file, ownsState: stats.isFile() && file !== own }
  }
  for (const folder of upwards(cwd)) {
    const file = join(folder, "hawser.yaml")
    const stats = look(file)
    if (stats === null || stats.isDirectory()) continue
    if (isStrangers(stats, folder)) throw untrusted(file)
    return { file, ownsState: file !== own }
  }
  return { file: look(own) === null ? null : own, ownsState: false }
}

/** `--state`, HAWSER_STATE, `.hawser` beside the config that was found, the nearest one upwards, else here. */
export function findState(named: string | undefined, found: FoundConfig, { cwd, home, env }: Surroundings): string {
  const asked = named ?? nonEmpty(env["HAWSER_STATE"])
  if (asked !== undefined) return resolve(cwd, withHome(asked, home))
  if (found.file !== null && found.ownsState) return join(dirname(found.file), ".hawser")
  const folder = upwards(cwd).find((candidate) => holdsState(candidate, home))
  return join(folder ?? cwd, ".hawser")
}

/**
 * ~/.hawser is also the default `root` of executors on this machine: in the home directory only what holds a journal
 * counts, or every first job would turn the home directory into the place of all later states.
 */
function holdsState(folder: string, home: string): boolean {
  const directory = join(folder, ".hawser")
  const stats = look(directory)
  if (stats === null || !stats.isDirectory() || isStrangers(stats, folder)) return false
  return folder !== home || namesIn(directory).some((name) => name.startsWith("journal."))
}

function userConfig(home: string, env: Surroundings["env"]): string {
  // The XDG base directory specification: relative ones are to be ignored.
  const folder = env["XDG_CONFIG_HOME"]?.startsWith("/") ? env["XDG_CONFIG_HOME"] : join(home, ".config")
  return join(folder, "hawser", "hawser.yaml")
}

/** Put by somebody else into a folder where anybody can put things, such as /tmp. A config names commands that we run. */
function isStrangers(stats: Stats, folder: string): boolean {
  const me = process.getuid?.()
  if (me === undefined || stats.uid === me || stats.uid === 0) return false
  return ((look(folder)?.mode ?? 0) & 0o002) !== 0
}

function upwards(from: string): string[] {
  const parent = dirname(from)
  return parent === from ? [from] : [from, ...upwards(parent)]
}

function look(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch {
    return null // a folder above it that we may not enter
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function withHome(path: string, home: string): string {
  return path === "~" || path.startsWith("~/") ? join(home, path.slice(1)) : path
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text
}

function missing(file: string, source: string): UsageError {
  return new UsageError("CONFIG_MISSING", {
    summary: `There is no config file ${file}.`,
    reason: `${source} names it.`,
    advice: "Correct the path, or leave it out to search upwards for hawser.yaml.",
  })
}

function untrusted(file: string): UsageError {
  return new UsageError("CONFIG_UNTRUSTED", {
    summary: `${file} was not used.`,
    reason:
      "It belongs to another user and stands in a folder that everybody can write to; a config names commands to run.",
    advice: "If it is meant, name it with --config; else work in a folder of your own.",
  })
}
