/** `openHawser`: the library's entry. */
import { type LoadOptions, loadConfig } from "../config/index.ts"
import { type Log, openController } from "../hawser.ts"
import { type Hawser, attach } from "./open.ts"
import type { Answerer } from "./prompts.ts"

export interface HawserOptions extends Omit<LoadOptions, "names"> {
  /** Where the controller's own words go, if this process becomes it; pino's interface. Default: nowhere. */
  readonly log?: Log
  /** Take the state directory over from a controller on another host that is known to be dead. */
  readonly takeOver?: boolean
  /** Asks a person, for a passphrase, say. Without it, what needs one waits with health `needs-login`. */
  readonly ask?: Answerer
  readonly signal?: AbortSignal
}

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * Opens the state directory that the config, the options or the environment name: a client of the controller that runs
 * there, else this process becomes it. Throws a UsageError for a wrong config, `LEASE_HELD_ELSEWHERE` for a directory
 * that a controller on another host has.
 */
export async function openHawser(options: HawserOptions = {}): Promise<Hawser> {
  const { log = silent, takeOver = false, ask, signal, ...load } = options
  const config = loadConfig(load)
  return attach({
    stateDirectory: config.stateDirectory,
    ...(signal === undefined ? {} : { signal }),
    onPrompt: ask && (async (prompt, settled) => ask(prompt, settled)),
    open: async ({ stateDirectory, ...parts }) =>
      openController({ config: { ...config, stateDirectory }, log, takeOver, ...parts }),
  })
}
