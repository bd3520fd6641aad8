/** Problems as the error that a person reads. */
import { UsageError } from "../errors.ts"
import { type Path, type Problem, suggestion } from "../job/index.ts"

/** What was read: its name for people, and where in it something stands (`hawser.yaml:4:5`). */
export interface Subject {
  readonly name: string
  /** What a problem without a field is about: `The file`. */
  readonly whole: string
  readonly locate?: (path: Path) => string
}

/** A wrong spec, code `SPEC_INVALID`. `where` tells it from others: `jobs.ndjson:3`. */
export function specError(problems: readonly Problem[], where?: string): UsageError {
  const name = where === undefined ? "The job's spec" : `${where}: the job's spec`
  return problemsError("SPEC_INVALID", problems, { name, whole: "It" })
}

/** Three lines for one problem; for several, one line for each between the first and the last. */
export function problemsError(code: string, problems: readonly Problem[], subject: Subject): UsageError {
  const [first, ...more] = problems
  const say = (problem: Problem): string => {
    const place = subject.locate?.(problem.path)
    const what = problem.field === "" ? subject.whole : problem.field
    return `${place === undefined ? "" : `${place}: `}${what} ${problem.why}.`
  }
  if (first !== undefined && more.length === 0) {
    return new UsageError(code, { summary: `${subject.name} can't be used.`, reason: say(first), advice: first.want })
  }
  return new UsageError(code, {
    summary: `${subject.name} can't be used: ${problems.length} problems.`,
    reason: problems.map((problem) => `${say(problem)} ${problem.want}`).join("\n"),
    advice: "Correct them and try again.",
  })
}

/** The one of this name; throws a UsageError `EXECUTOR_UNKNOWN` that lists those that there are. */
export function executorNamed<T>(config: { readonly executors: Readonly<Record<string, T>> }, name: string): T {
  const found = Object.hasOwn(config.executors, name) ? config.executors[name] : undefined
  if (found !== undefined) return found
  const names = Object.keys(config.executors)
  const near = suggestion(name, names)
  throw new UsageError("EXECUTOR_UNKNOWN", {
    summary: `There is no executor ${JSON.stringify(name)}.`,
    reason: `Known: ${names.join(", ")}.`,
    advice: near.startsWith("Known") ? "Name one of these, or add it to hawser.yaml." : near,
  })
}
