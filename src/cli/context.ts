/** The context of a command: its options, the config, and the way to the controller. */
import { fileURLToPath } from "node:url"
import { type Clock, systemClock } from "../clock.ts"
import { type LoadedConfig, loadConfig } from "../config/index.ts"
import { type Reconnecting, ensureController, findController } from "../control/index.ts"
import { type HawserApi, type HawserReader, knownNames, openController, openReader } from "../hawser.ts"
import type { GlobalOptions } from "./globals.ts"
import { silentLog } from "./log.ts"

export interface Context {
  readonly config: LoadedConfig
  readonly json: boolean
  readonly clock: Clock
  /** The controller that runs, else a new one: in the background, or here with --no-background. */
  api(): Promise<HawserApi>
  /** The controller that runs, else the store itself, read only: never connects, never starts anything. */
  reader(): Promise<HawserReader>
  /** A controller in the background, whatever was said of the background. */
  controller(): Promise<Reconnecting>
  /** For people, on stderr. */
  say(text: string): void
  /** The result, on stdout. */
  print(text: string): void
}

/** The program that a controller in the background runs: this one. */
export const entry: string = fileURLToPath(new URL("main.js", import.meta.url))

export function contextOf(options: GlobalOptions): Context {
  const config = loadConfig({ configFile: options.config, stateDirectory: options.state, names: knownNames() })
  const takeOver = options.takeOver ?? false
  const place = { stateDirectory: config.stateDirectory, configFile: config.file, entry, args: takeOver ? ["--take-over"] : [] }
  return {
    config,
    json: options.json ?? false,
    clock: systemClock,
    api: async () =>
      options.background ? await ensureController(place) : await openController({ config, takeOver, log: silentLog }),
    controller: async () => await ensureController(place),
    reader: async () => (await findController(place)) ?? (await openReader(config)),
    say: (text) => void process.stderr.write(`${text}\n`),
    print: (text) => void process.stdout.write(`${text}\n`),
  }
}
