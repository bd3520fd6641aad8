/** The composition root: a config becomes executors, a state directory becomes jobs. Reads as a table of contents. */
import { type Clock, systemClock } from "./clock.ts"
import type { ExecutorConfig, LoadedConfig, TransportConfig } from "./config/index.ts"
import { Fleet } from "./executors/fleet.ts"
import { processExecutor } from "./executors/local.ts"
import type { Log } from "./executors/log.ts"
import { mpiExecutor } from "./executors/mpi.ts"
import { type ExecutorParts, describe } from "./executors/parts.ts"
import { Reader } from "./executors/reader.ts"
import { batchExecutor } from "./executors/slurm.ts"
import { launcherFor } from "./launchers/registry.ts"
import type { Instance } from "./executors/pilot.ts"
import { instanceTokenFor } from "./executors/token.ts"
import { openStore } from "./persist/index.ts"
import type { JobStore } from "./persist/store.ts"
import { homeName } from "./remote/layout.ts"
import { schedulerNamed } from "./schedulers/registry.ts"
import { Keyring } from "./transport/keyring.ts"
import { type Person, nobody } from "./transport/person.ts"
import { pooled } from "./transport/pool.ts"
import { transportFor } from "./transport/registry.ts"
import type { Transport } from "./transport/transport.ts"

export type * from "./executors/api.ts"
export type { Log } from "./executors/log.ts"
export type { Person, Prompt, Question } from "./transport/person.ts"

export interface ControllerOptions {
  readonly config: LoadedConfig
  readonly log: Log
  readonly clock?: Clock
  /** Take a state directory over whose controller can't be asked whether it lives: it runs on another host. */
  readonly takeOver?: boolean
  /** Where the control socket will listen; stands in the lease, so that clients find it. */
  readonly socketPath?: string
  /** Called when somebody asks the controller to end. */
  readonly onDown?: () => void
  /** For passphrases and the servers' questions. Default: nobody is there. */
  readonly person?: Person
}

/** Takes the state directory and goes on with everything in it that is not over. Throws `LEASE_HELD` when somebody has it. */
export async function openController(options: ControllerOptions): Promise<Fleet> {
  const { config, log, clock = systemClock, takeOver = false, socketPath, person = nobody } = options
  const store = await openStore(config.stateDirectory, { clock, takeOver, socketPath: socketPath ?? null })
  const surroundings = { clock, person, keyring: new Keyring(), ways: waysOf(config), identity: store.identity }
  const executors = new Map(
    Object.values(config.executors).map((executor) => [executor.name, executorFor(executor, surroundings)]),
  )
  return new Fleet({
    stateDirectory: config.stateDirectory,
    store,
    executors,
    defaultExecutor: config.default,
    clock,
    log,
    onDown: options.onDown ?? (() => undefined),
  })
}

/** Looks into the state directory: takes nothing, starts nothing, connects to nobody. */
export async function openReader(config: LoadedConfig, clock: Clock = systemClock): Promise<Reader> {
  const store = await openStore(config.stateDirectory, { clock, readOnly: true })
  const surroundings = { clock, person: nobody, keyring: new Keyring(), ways: waysOf(config), identity: null }
  const executors = Object.values(config.executors).map((executor) => describe(executorFor(executor, surroundings)))
  return new Reader({ stateDirectory: config.stateDirectory, store, executors, clock })
}

/** What all executors share. */
interface Surroundings {
  readonly clock: Clock
  readonly person: Person
  readonly keyring: Keyring
  /** Null: nothing is sent, so nobody needs the tokens of instances. (An empty state directory has none.) */
  readonly identity: JobStore["identity"] | null
  /** Hosts that allow so many connections, by how they are reached; `shared`: from the first executor on that goes there. */
  readonly ways: ReadonlyMap<string, { readonly max: number; shared: Transport | null }>
}

/** Scheduler, launcher and transport under one name; who counts the resources decides which factory puts them together. */
function executorFor(config: ExecutorConfig, surroundings: Surroundings): ExecutorParts {
  const dialect = schedulerNamed(config.scheduler)
  const instance = instanceOf(config, surroundings.identity)
  const site = { parallelEnvironment: config.parallelEnvironment, instance: instance ?? null }
  const scheduler = dialect.configured?.(site) ?? dialect
  const { name, defaults, limits, capacity, root, retentionMs } = config
  const transport = reach(config.transport, name, surroundings)
  const settings = {
    name,
    scheduler,
    transport,
    person: surroundings.person,
    launcherFor: (spec: Parameters<typeof launcherFor>[0]) => launcherFor(spec, scheduler.name),
    defaults,
    limits,
    capacity,
    root,
    retentionMs,
    ...(instance === undefined ? {} : { instance }),
  }
  if (capacity.hosts !== null) return mpiExecutor(settings)
  return scheduler.features.countsResources ? processExecutor(settings) : batchExecutor(settings)
}

/** Its token is derived as those of attempts are: copies of a state directory mean the same instance. */
function instanceOf(
  { name, root, instance }: ExecutorConfig,
  identity: JobStore["identity"] | null,
): Instance | undefined {
  if (instance === null || identity === null) return undefined
  const home = `${root}/${homeName(identity.stateId, name)}`
  return {
    ...instance,
    home,
    directory: instance.stateDirectory ?? `${home}/flux`,
    token: instanceTokenFor(identity.seed, name),
  }
}

/** Those of `maxConnections`. Executors that reach one host in one way share what the smallest of them says. */
function waysOf({ executors }: LoadedConfig): Surroundings["ways"] {
  const ways = new Map<string, { max: number; shared: Transport | null }>()
  for (const { transport, limits } of Object.values(executors)) {
    // Without a host there are no connections.
    if (limits.maxConnections === null || transport.host === null) continue
    const name = JSON.stringify(transport)
    ways.set(name, { max: Math.min(limits.maxConnections, ways.get(name)?.max ?? Infinity), shared: null })
  }
  return ways
}

function reach(config: TransportConfig, executor: string, surroundings: Surroundings): Transport {
  const way = surroundings.ways.get(JSON.stringify(config))
  if (way === undefined) return transportOf(config, executor, surroundings)
  way.shared ??= pooled(transportOf(config, executor, surroundings), way.max)
  return way.shared
}

function transportOf(config: TransportConfig, executor: string, surroundings: Surroundings): Transport {
  const { name, command, host, port, user, identityFile, knownHostsFile, rememberPassphrase } = config
  const { clock, person, keyring } = surroundings
  return transportFor({
    transport: name,
    command: command ?? undefined,
    host: host ?? undefined,
    port: port ?? undefined,
    user: user ?? undefined,
    identityFile: identityFile ?? undefined,
    knownHostsFile: knownHostsFile ?? undefined,
    executor,
    clock,
    person,
    keyring: rememberPassphrase ? keyring : undefined,
  })
}
