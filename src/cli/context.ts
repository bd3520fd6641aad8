/** The context of a command: its options, the config, and the way to the controller. */
import { fileURLToPath } from "node:url"
import { type Clock, systemClock } from "../clock.ts"
import { type LoadedConfig, loadConfig } from "../config/index.ts"
import { openClient, openForeground, openReader } from "../control/index.ts"
import type { HawserApi } from "../hawser.ts"
import { knownNames } from "../hawser.ts"
import type { GlobalOptions } from "./globals.ts"

export interface Context {
  readonly config: LoadedConfig
  readonly json: boolean
  readonly clock: Clock
  /** The controller that runs, else a new one: in the background, or here with --no-background. */
  api(): Promise<HawserApi>
  /** The controller that runs, else the store itself, read only: never connects, never starts anything. */
  reader(): Promise<HawserApi>
  /** The controller that runs, or null. */
  running(): Promise<HawserApi | null>
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
  const place = { stateDirectory: config.stateDirectory, configFile: config.file, takeOver, entry }
  return {
    config,
    json: options.json ?? false,
    clock: systemClock,
    api: async () => (options.background ? await openClient(place) : await openForeground(config, { takeOver })),
    reader: async () => await openReader(config),
    running: async () => await openClient({ ...place, start: false }).catch(() => null),
    say: (text) => void process.stderr.write(`${text}\n`),
    print: (text) => void process.stdout.write(`${text}\n`),
  }
}
