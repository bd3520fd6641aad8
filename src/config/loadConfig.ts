/** Finds the config, reads it and says where the state is. */
import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { resolve } from "node:path"
import { UsageError } from "../errors.ts"
import type { KnownNames, LoadedConfig } from "./config.ts"
import { knownNames } from "./knownNames.ts"
import { emptyConfig, parseConfig } from "./parseConfig.ts"
import { findConfig, findState, type Surroundings } from "./search.ts"

export interface LoadOptions {
  /** Default: the process's. */
  readonly cwd?: string | undefined
  /** `--config`. */
  readonly configFile?: string | undefined
  /** `--state`. */
  readonly stateDirectory?: string | undefined
  /** Default: the process's. Read: HAWSER_CONFIG, HAWSER_STATE, XDG_CONFIG_HOME, HOME. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Default: what the registries know. */
  readonly names?: KnownNames | undefined
}

/**
 * Reads at most one file and writes nothing. Throws a UsageError: `CONFIG_INVALID` with file, line and column,
 * `CONFIG_MISSING` and `CONFIG_UNREADABLE` for a file that was named or found, `CONFIG_UNTRUSTED` for a stranger's.
 */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const env = options.env ?? process.env
  const around: Surroundings = {
    cwd: resolve(options.cwd ?? process.cwd()),
    home: env["HOME"]?.startsWith("/") ? resolve(env["HOME"]) : homedir(),
    env,
  }
  const names = options.names ?? knownNames()
  const found = findConfig(options.configFile, around)
  const stateDirectory = findState(options.stateDirectory, found, around)
  if (found.file === null) return { file: null, stateDirectory, ...emptyConfig(names) }
  const parsed = parseConfig(readText(found.file), { file: found.file, home: around.home, names })
  return { file: found.file, stateDirectory, ...parsed }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError("CONFIG_UNREADABLE", {
      summary: `${file} can't be read.`,
      reason,
      advice: "Make it readable, or name another one with --config.",
      cause: error,
    })
  }
}
