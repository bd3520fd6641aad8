/** From the text of a hawser.yaml to checked executors, or to everything that is wrong with it and where. */
import { posix } from "node:path"
import { type Path, type Problem, bad, describe, good, suggestion, type Reading } from "../job/index.ts"
import { localPath } from "../job/readFiles.ts"
import type { ExecutorConfig, KnownNames, TransportConfig } from "./config.ts"
import { type SaidDefaults, type SaidExecutor, readConfig } from "./executorSchema.ts"
import { withInstances } from "./instances.ts"
import { problemsError } from "./usageError.ts"
import { readYaml } from "./yamlSource.ts"

export interface ConfigContext {
  /** Absolute path of the file: for messages, and for relative paths in it. */
  readonly file: string
  readonly home: string
  readonly names: KnownNames
}

export interface ParsedConfig {
  readonly default: string
  readonly executors: Readonly<Record<string, ExecutorConfig>>
}

/** Throws a UsageError `CONFIG_INVALID` that points at each problem: `hawser.yaml:4:5`. */
export function parseConfig(text: string, context: ConfigContext): ParsedConfig {
  const yaml = readYaml(text)
  const name = posix.basename(context.file)
  const fail = (problems: readonly Problem[], locate: (path: Path) => string): never => {
    throw problemsError("CONFIG_INVALID", problems, {
      name,
      whole: "The file",
      locate: (path) => `${context.file}:${locate(path)}`,
    })
  }
  if (!yaml.ok) return fail(yaml.problems, (path) => path.join(":"))
  const config = checkConfig(yaml.value.value, context)
  if (config.ok) return config.value
  const { locate, offset } = yaml.value
  return fail(
    [...config.problems].sort((one, two) => offset(one.path) - offset(two.path)),
    locate,
  )
}

/** The config of no file at all. */
export function emptyConfig(names: KnownNames): ParsedConfig {
  const local = checkConfig(null, { file: "/hawser.yaml", home: "/", names })
  if (local.ok) return local.value
  throw problemsError("CONFIG_INVALID", local.problems, { name: "The empty config", whole: "It" })
}

function checkConfig(value: unknown, context: ConfigContext): Reading<ParsedConfig> {
  const read = readConfig(value ?? {})
  if (!read.ok) return read
  const problems: Problem[] = []
  const said = { local: null, ...read.value.executors }
  const executors = Object.entries(said).map(([name, one]) => {
    const executor = new Check(["executors", name], problems)
    return [name, checkExecutor(name, one ?? {}, context, executor)] as const
  })
  const names = executors.map(([name]) => name)
  const others = names.filter((name) => name !== "local")
  const fallback = read.value.default ?? (others.length === 1 ? others[0] : undefined) ?? "local"
  if (!names.includes(fallback)) {
    problems.push(
      ...bad(`is ${JSON.stringify(fallback)}, and there is no such executor`, suggestion(fallback, names), ["default"])
        .problems,
    )
  }
  const complete = withInstances(Object.fromEntries(executors), said, problems)
  if (problems.length > 0) return { ok: false, problems }
  return good({ default: fallback, executors: complete })
}

/** Collects problems of one executor. */
class Check {
  readonly #path: Path
  readonly #problems: Problem[]

  constructor(path: Path, problems: Problem[]) {
    this.#path = path
    this.#problems = problems
  }

  /** Reports a problem at `field` (empty: the executor itself) when `wrong` holds. */
  when(wrong: boolean, field: keyof SaidExecutor | "", why: string, want: string): void {
    if (wrong) this.#problems.push(...bad(why, want, field === "" ? this.#path : [...this.#path, field]).problems)
  }

  name(field: keyof SaidExecutor, name: string, known: readonly string[]): void {
    this.when(
      !known.includes(name),
      field,
      `is ${JSON.stringify(name)}, which is not known here`,
      suggestion(name, known),
    )
  }
}

function checkExecutor(name: string, said: SaidExecutor, context: ConfigContext, check: Check): ExecutorConfig {
  check.when(
    !/^[A-Za-z0-9][\w.-]{0,63}$/.test(name),
    "",
    "is no name for an executor",
    "Write letters, digits, ., _ and -.",
  )
  const scheduler = said.scheduler ?? (name === "local" ? "process" : undefined)
  const launcher = said.launcher?.name ?? "auto"
  const known = context.names
  if (scheduler === undefined)
    check.when(true, "scheduler", "is missing", `Write one of ${known.schedulers.join(", ")}.`)
  else check.name("scheduler", scheduler, known.schedulers)
  check.name("launcher", launcher, ["auto", ...known.launchers])
  const transport = checkTransport(said, context, check)
  const isProcess = scheduler === "process"
  for (const field of ["cores", "memory", "gpus"] as const) {
    const wrong =
      !isProcess && known.schedulers.includes(scheduler ?? "") && said[field] !== null && said[field] !== undefined
    check.when(
      wrong,
      field,
      scheduler === "mpi"
        ? "is for the process scheduler; mpi counts the slots of its hosts"
        : `is for the process scheduler; ${scheduler} counts for itself`,
      scheduler === "mpi" ? "Write hosts with their slots." : "Leave it out; defaults say what a job asks for.",
    )
  }
  check.when(
    scheduler !== "sge" && known.schedulers.includes(scheduler ?? "") && typeof said.parallelEnvironment === "string",
    "parallelEnvironment",
    `is Grid Engine's, and the scheduler is ${scheduler}`,
    "Leave it out.",
  )
  const isMpi = scheduler === "mpi"
  check.when(isMpi && !said.hosts, "hosts", "is missing", "Write hosts with their slots, such as [a:4, b:4].")
  check.when(
    !isMpi && Boolean(said.hosts),
    "hosts",
    `is not used by ${scheduler}`,
    "Leave it out, or choose scheduler mpi.",
  )
  if (name === "local") {
    check.when(
      !isProcess,
      "scheduler",
      describe(scheduler),
      "local is this machine's processes; give this executor another name.",
    )
    check.when(
      transport.name !== "local",
      "transport",
      `is ${transport.name}`,
      "local is this machine; give this executor another name.",
    )
  }
  return {
    name,
    scheduler: scheduler ?? "process",
    launcher,
    transport,
    root: said.root ?? "~/.hawser",
    defaults: { ...splitDefaults(said.defaults ?? {}), launcher: said.launcher ?? null },
    limits: {
      maxQueued: said.limits?.maxQueued ?? null,
      maxSubmitPerMinute: said.limits?.maxSubmitPerMinute ?? null,
      maxConnections: said.limits?.maxConnections ?? null,
      minPollSeconds: said.limits?.minPollSeconds ?? null,
    },
    packing: said.packing === "off" ? null : (said.packing ?? null),
    parallelEnvironment: said.parallelEnvironment ?? null,
    capacity: {
      cores: said.cores ?? null,
      memory: said.memory ?? null,
      gpus: said.gpus ?? null,
      hosts: said.hosts ?? null,
    },
    instance: null,
    serves: null,
    retentionMs: said.retention === "keep" ? null : (said.retention ?? null),
  }
}

const sshFields = ["host", "port", "user", "identityFile", "knownHostsFile", "rememberPassphrase"] as const

function checkTransport(said: SaidExecutor, { file, home, names }: ConfigContext, check: Check): TransportConfig {
  const host = said.host ?? null
  const asked = said.transport ?? (host === null ? "local" : "ssh2")
  const name = typeof asked === "string" ? asked : "command"
  if (typeof asked === "string") check.name("transport", asked, names.transports)
  const overSsh = name === "ssh2" || name === "openssh"
  check.when(overSsh && host === null, "host", "is missing", `Write the host that ${name} connects to.`)
  for (const field of sshFields) {
    const wrong = (name === "local" || name === "command") && said[field] !== null && said[field] !== undefined
    check.when(wrong, field, `is not used by transport ${name}`, "Leave it out, or choose transport ssh2 or openssh.")
  }
  const localFile = (field: "identityFile" | "knownHostsFile"): string | null => {
    const written = said[field] ?? null
    if (written === null) return null
    const path = localPath(written, { base: posix.dirname(file), home }, "Write the path of a local file.")
    if (path.ok) return path.value
    for (const { why, want } of path.problems) check.when(true, field, why, want)
    return null
  }
  return {
    name,
    command: typeof asked === "string" ? null : asked.command,
    host,
    port: said.port ?? null,
    user: said.user ?? null,
    identityFile: localFile("identityFile"),
    knownHostsFile: localFile("knownHostsFile"),
    rememberPassphrase: said.rememberPassphrase ?? true,
  }
}

function splitDefaults(said: SaidDefaults): ExecutorConfig["defaults"] {
  const { env, prologue, epilogue, modules, container, native, retry, signal, giveUpAfter, ...resources } = said
  return { env, prologue, epilogue, modules, container, native, retry, signal, giveUpAfter, resources }
}
