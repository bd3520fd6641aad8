/** From what a user wrote to the normalised spec, or to everything that is wrong with it. */
import { bad, fieldOf, good, type Path, type Problem, type Reading } from "./problem.ts"
import { type Base, insidePath, localPath, readGlob, readInput } from "./readFiles.ts"
import { type Resources, noResources } from "./resources.ts"
import { launcherOf } from "./launch.ts"
import type { Dependency, InputFile, JobSpec, RetryPolicy } from "./spec.ts"
import { lineTrouble } from "./schema.ts"
import { type SaidSpec, readSpec } from "./specSchema.ts"
import type { SaidResources } from "./readResources.ts"

export interface ParsedSpec {
  /** The user's own name for the job; null: it gets a fresh one. */
  readonly key: string | null
  /** The executor that the spec itself asks for. */
  readonly executor: string | null
  readonly spec: JobSpec
}

export interface ParseOptions {
  /** Absolute directory against which local paths are read: that of the batch file, else the current one. */
  readonly base: string
  /** Where `~/` leads in local paths; null or absent: such a path is a problem. */
  readonly home?: string | null
  /** A key that was given beside the spec (`--key`). It wins. */
  readonly key?: string | null
}

export const noRetry: RetryPolicy = { maxAttempts: 1, on: [] }

/** Reads a `UserSpec`. Never throws, whatever data it is given; names every problem at once, as far as they can be told apart. */
export function parseSpec(raw: unknown, options: ParseOptions): Reading<ParsedSpec> {
  const said = readSpec(raw)
  if (!said.ok) return said
  const problems: Problem[] = []
  const key = options.key ?? said.value.key ?? null
  const trouble = key === null ? null : lineTrouble(key)
  if (trouble !== null)
    problems.push(...bad(trouble, "Write the job's own name in this state directory.", ["key"]).problems)
  const files = readFiles(said.value, { base: options.base, home: options.home ?? null }, problems)
  const after = distinct(said.value.after ?? [])
  problems.push(...togetherProblems(said.value, files.inputs, after, key))
  if (problems.length > 0) return { ok: false, problems }
  return good({ key, executor: said.value.executor ?? null, spec: normalised(said.value, files, after, key) })
}

interface Files {
  readonly inputs: readonly InputFile[]
  readonly outputs: readonly string[]
  readonly stdin: string | null
  readonly into: string | null
}

function normalised(said: SaidSpec, files: Files, after: readonly Dependency[], key: string | null): JobSpec {
  return {
    name: said.name ?? key ?? commandName(said),
    command: said.command ?? null,
    script: said.script ?? null,
    env: said.env ?? {},
    ...files,
    prologue: said.prologue ?? null,
    epilogue: said.epilogue ?? null,
    modules: said.modules ?? [],
    container: said.container ?? null,
    ...launcherOf(said.launcher),
    native: said.native ?? [],
    resources: saidResources(said.resources ?? {}),
    after,
    retry: said.retry ?? noRetry,
    ...(said.signal ? { signal: said.signal } : {}),
    giveUpAfterMs: said.giveUpAfter ?? null,
  }
}

/** All fields of `Resources`, in one order; what was not said is nothing. */
function saidResources(said: SaidResources): Resources {
  const entries = Object.entries(said).filter(([, value]) => value !== null && value !== undefined)
  return { ...noResources, ...Object.fromEntries(entries) }
}

function commandName(said: SaidSpec): string {
  return said.command?.[0]?.split("/").findLast((part) => part !== "") ?? "script"
}

function readFiles(said: SaidSpec, base: Base, problems: Problem[]): Files {
  const take = <T>(reading: Reading<T>, ...path: Path): T[] => {
    if (reading.ok) return [reading.value]
    problems.push(...reading.problems.map((problem) => under(path, problem)))
    return []
  }
  const inputs = (said.inputs ?? []).flatMap((one, index) => {
    const input = typeof one === "string" ? { from: one, to: null } : { from: one.from, to: one.to ?? null }
    return take(readInput(input, base), "inputs", index)
  })
  const outputs = (said.outputs ?? []).flatMap((one, index) => take(readGlob(one), "outputs", index))
  const stdin = said.stdin ?? null
  const into = said.into ?? null
  return {
    inputs: distinct(inputs),
    outputs: distinct(outputs),
    stdin:
      stdin === null
        ? null
        : (take(insidePath(stdin, "Write the path of a file in the working directory."), "stdin")[0] ?? null),
    into:
      into === null ? null : (take(localPath(into, base, "Write the path of a local directory."), "into")[0] ?? null),
  }
}

/** What is wrong with fields that are right by themselves. */
function togetherProblems(
  said: SaidSpec,
  inputs: readonly InputFile[],
  after: readonly Dependency[],
  key: string | null,
): Problem[] {
  const problems: Problem[] = []
  const add = (path: Path, why: string, want: string): void => void problems.push(...bad(why, want, path).problems)
  const both = said.command && said.script
  if (both) add(["script"], "stands beside command", "Write one of both.")
  if (!said.command && !said.script)
    add(["command"], "is missing", 'Write an argv, such as ["./relax", "Al"], or a script.')
  for (const [index, { from, to }] of inputs.entries()) {
    const other = inputs.slice(0, index).find((input) => input.to === to)
    if (other !== undefined)
      add(["inputs"], `puts ${from} and ${other.from} at the same place, ${to}`, "Give one of them another to.")
  }
  if (key !== null && after.some(({ job }) => job === key))
    add(["after"], `names the job itself, ${key}`, "Name other jobs.")
  const { memory, memoryPerCpu, tasks, nodes, tasksPerNode } = saidResources(said.resources ?? {})
  if (memory !== null && memoryPerCpu !== null)
    add(["resources", "memoryPerCpu"], "stands beside memory", "Write one of both.")
  if (tasks !== null && nodes !== null && tasksPerNode !== null && tasks > nodes * tasksPerNode) {
    add(
      ["resources", "tasks"],
      `is ${tasks}, more than ${nodes} nodes with ${tasksPerNode} tasks each take`,
      "Write fewer tasks, or more nodes.",
    )
  }
  return problems
}

function under(path: Path, problem: Problem): Problem {
  const full = [...path, ...problem.path]
  return { ...problem, path: full, field: fieldOf(full) }
}

/** Each once, in the order of their first. */
function distinct<T>(values: readonly T[]): T[] {
  const seen = new Map(values.toReversed().map((value) => [JSON.stringify(value), value]))
  return [...seen.values()].reverse()
}
