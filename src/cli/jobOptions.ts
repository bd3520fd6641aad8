/** The options that describe one job: those of `run` and `submit`. */
import type { Command } from "commander"
import type { SubmitRequest, SubmitResult } from "../hawser.ts"
import type { UserSpec } from "../job/index.ts"
import { fromPlain } from "../control/plain.ts"
import { UsageError } from "../errors.ts"

export interface JobOptions {
  readonly executor?: string
  readonly tasks?: string
  readonly nodes?: string
  readonly cpus?: string
  readonly walltime?: string
  readonly queue?: string
  readonly memory?: string
  readonly gpus?: string
  readonly launcher?: string
  readonly key?: string
  readonly name?: string
  /** `submit` alone has it. */
  readonly array?: string
  readonly input?: readonly string[]
  readonly output?: readonly string[]
  readonly env?: readonly string[]
  readonly native?: readonly string[]
  readonly into?: string
}

export function addJobOptions(command: Command): Command {
  return command
    .option(
      "-e, --executor <name>",
      "executor of hawser.yaml; default: its `default:`, else the only other one, else local",
    )
    .option("-n, --tasks <count>", "processes in all")
    .option("-N, --nodes <count>", "nodes")
    .option("-c, --cpus <count>", "CPUs per task")
    .option("-t, --walltime <time>", "time limit: 90 (minutes), 1:30:00, 2h30m, 1-12")
    .option("--queue <name>", "queue or partition")
    .option("--memory <size>", "memory per node: 4G, 512M")
    .option("--gpus <count>", "GPUs per node: 2, a100:2")
    .option("--launcher <name>", "how several tasks are started: mpirun, openmpi, mpich, srun ...; default: auto")
    .option(
      "--key <key>",
      "your own name for the job, unique in the state directory; submitting it again is the same job",
    )
    .option("--name <name>", "name shown in the manager's queue")
    .option("--input <path>", "file or folder to bring along, `path` or `path=to` (repeatable)", collect)
    .option("--output <glob>", "what to bring back: `*.out`, `log/**` (repeatable)", collect)
    .option("--env <name=value>", "variable of the job; `NAME` alone passes on ours, unstored (repeatable)", collect)
    .option("--native <option>", "option passed to the manager as it is (repeatable)", collect)
    .option("--into <dir>", "local folder for stdout, stderr and outputs; default: <state>/jobs/<id>")
    .argument("<command...>", "the command and its arguments; write -- before it")
    .passThroughOptions()
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value]
}

/** What the options say, as a spec for the controller to check. */
export function requestOf(command: readonly string[], options: JobOptions): SubmitRequest {
  const spec: UserSpec = {
    command,
    name: options.name,
    array: options.array,
    inputs: options.input?.map(inputOf),
    outputs: options.output,
    env: options.env === undefined ? undefined : Object.fromEntries(options.env.map(variableOf)),
    native: options.native,
    launcher: options.launcher,
    into: options.into,
    resources: {
      tasks: options.tasks,
      nodes: options.nodes,
      cpusPerTask: options.cpus,
      walltime: options.walltime,
      queue: options.queue,
      memory: options.memory,
      gpus: options.gpus,
    },
  }
  return {
    spec: withoutUndefined(spec),
    base: process.cwd(),
    secrets: secretsOf([spec]),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.executor === undefined ? {} : { executor: options.executor }),
  }
}

function inputOf(text: string): string | { from: string; to: string } {
  const cut = text.lastIndexOf("=")
  return cut < 1 ? text : { from: text.slice(0, cut), to: text.slice(cut + 1) }
}

function variableOf(text: string): [string, string | { fromEnv: string }] {
  const cut = text.indexOf("=")
  if (cut > 0) return [text.slice(0, cut), text.slice(cut + 1)]
  if (cut < 0 && text !== "") return [text, { fromEnv: text }]
  throw new UsageError("OPTION_INVALID", {
    summary: `--env can't read "${text}".`,
    advice: "Write NAME=value, or NAME alone to pass on the value that it has here.",
  })
}

/** The values of `{fromEnv: NAME}` in these specs, from our environment: the controller's is another one. */
export function secretsOf(specs: readonly unknown[]): Record<string, string> {
  const names = specs.flatMap((spec) => {
    const env = isRecord(spec) && isRecord(spec["env"]) ? Object.values(spec["env"]) : []
    return env.flatMap((value) => (isRecord(value) && typeof value["fromEnv"] === "string" ? [value["fromEnv"]] : []))
  })
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown
}

/** The job, or the error that it met, thrown. */
export function jobOf(result: SubmitResult | undefined): Extract<SubmitResult, { ok: true }> {
  if (result?.ok === true) return result
  throw result === undefined
    ? new UsageError("NOTHING_SUBMITTED", { summary: "Nothing was submitted." })
    : fromPlain(result.error)
}
