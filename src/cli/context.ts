/** The context of a command: its options, the config, and the way to the controller. */
import { fileURLToPath } from "node:url"
import { type Clock, systemClock } from "../clock.ts"
import { type LoadedConfig, loadConfig } from "../config/index.ts"
import { type FindOptions, findController } from "../control/find.ts"
import type { Answerer } from "../control/prompts.ts"
import type { Reconnecting } from "../control/reconnect.ts"
import { ensureController } from "../control/spawn.ts"
import { HawserError } from "../errors.ts"
import type { HawserApi, HawserReader } from "../hawser.ts"
import { answererFor } from "./ask.ts"
import type { GlobalOptions } from "./globals.ts"
import { tell } from "./streams.ts"

export interface Context {
  readonly config: LoadedConfig
  readonly json: boolean
  readonly clock: Clock
  /** A person is at this terminal: what the way to a manager asks for is asked here. */
  readonly canAsk: boolean
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
const entry: string = fileURLToPath(new URL("main.js", import.meta.url))

export function contextOf(options: GlobalOptions): Context {
  const config = loadConfig({ configFile: options.config, stateDirectory: options.state })
  const takeOver = options.takeOver ?? false
  const onPrompt = answererFor(options.json ?? false)
  const place = {
    stateDirectory: config.stateDirectory,
    configFile: config.file,
    entry,
    takeOver,
    args: takeOver ? ["--take-over"] : [],
  }
  return {
    config,
    json: options.json ?? false,
    clock: systemClock,
    canAsk: onPrompt !== undefined,
    api: async () =>
      options.background ? ensureController({ ...place, onPrompt }) : foreground(config, takeOver, onPrompt),
    controller: async () => ensureController({ ...place, onPrompt }),
    reader: async () => (await answering(place)) ?? (await stored(config)),
    say: (text) => tell(process.stderr, `${text}\n`),
    print: (text) => tell(process.stdout, `${text}\n`),
  }
}

/** How long a command that only reads waits for a controller that does not answer: the store can tell as well. */
const helloMsMax = 2_000

async function answering(place: FindOptions): Promise<HawserReader | null> {
  return findController({ ...place, helloMsMax }).catch((error: unknown) => {
    if (error instanceof HawserError && error.code === "CONTROLLER_SILENT") return null
    throw error
  })
}

/** The store itself. Loaded when it is needed: with a controller that runs, a command is a light client. */
async function stored(config: LoadedConfig): Promise<HawserReader> {
  const { openReader } = await import("../hawser.ts")
  return openReader(config)
}

/** This process is the controller, and other commands can use it, for as long as the command lasts. */
async function foreground(config: LoadedConfig, takeOver: boolean, onPrompt: Answerer | undefined): Promise<HawserApi> {
  const [{ attach }, { openController }, { silentLog }] = await Promise.all([
    import("../control/open.ts"),
    import("../hawser.ts"),
    import("./log.ts"),
  ])
  const hawser = await attach({
    stateDirectory: config.stateDirectory,
    onPrompt,
    open: async ({ stateDirectory, ...parts }) =>
      openController({ config: { ...config, stateDirectory }, takeOver, log: silentLog, ...parts }),
  })
  return hawser.api
}
