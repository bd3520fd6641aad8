/** The files of a job directory: batch script, payload script, patterns, token and secrets. */
import { createHash } from "node:crypto"
import { UsageError } from "../errors.ts"
import type { HostSlots, JobSpec, SecretReference } from "../job/index.ts"
import { assignments, exports, orElse, quoteAll, quoteWithVariables, script } from "../quote.ts"
import { wrapperExit } from "./answer.ts"
import { inContainer } from "./container.ts"
import { relativePath } from "./filename.ts"
import { parseGlob, shellPattern } from "./glob.ts"
import type { TextFile } from "./pack.ts"
import { type Launching, launchFiles, launchLines, rankOutputs } from "./launching.ts"
import { payloadProgram } from "./programs.ts"

/** What the files of one attempt are made of. Paths are absolute, on the other side. */
export interface JobParts {
  /** `<root>/<state id>-<executor>` */
  readonly home: string
  readonly submission: { readonly token: string; readonly directory: string; readonly spec: JobSpec }
  /** For the payload's environment. */
  readonly job: { readonly id: string; readonly key: string; readonly attempt: number }
  /** Of the scheduler: lines for the head of the batch script. */
  readonly directives: readonly string[]
  /** Of the scheduler. */
  readonly jobVariables: { readonly nativeId: string | null; readonly restarts: string | null }
  /** File name of the job wrapper in `<home>/bin`. */
  readonly wrapper: string
  /** Of the launcher. */
  readonly launch: Launching
  /** Where the processes go, if we say so: in this order, so many on each; null: the manager knows. */
  readonly hosts?: readonly HostSlots[] | null
  /** Values of the variables to which the spec's secret references point. */
  readonly secrets: Readonly<Record<string, string>>
  /** The wrapper does not start the payload from then on (PROTOCOL 9), ms since 1970; null: never too late. */
  readonly startBefore?: number | null
  /** Tokens of the attempts before this one, newest first: its checkpoint files are those of the first that is there. */
  readonly earlier?: readonly string[]
  /** Seconds after which the wrapper ends the payload; null: the manager does, or nobody. */
  readonly walltime?: number | null
}

/** Everything in the job directory but `work/`. Throws a UsageError for what can't be expressed (SECRET_MISSING …). */
export function jobFiles(parts: JobParts): TextFile[] {
  const { token, spec } = parts.submission
  const startBefore = parts.startBefore ?? null
  const walltime = parts.walltime ?? null
  const secrets = secretsOf(spec, parts.secrets)
  return [
    { name: "token", mode: 0o600, text: script([token, specHash(spec)]) },
    { name: "job.sh", mode: 0o700, text: batchScript(parts) },
    { name: "payload.sh", mode: 0o700, text: payloadScript(parts, Object.keys(secrets)) },
    { name: "patterns.sh", mode: 0o600, text: script([quoteAll(["set", "--", ...outputsOf(spec).map(pattern)])]) },
    ...launchFiles(parts.launch, parts.hosts ?? null, commandOf(parts, Object.keys(secrets))),
    ...checkpointFile(spec, parts.earlier ?? []),
    ...(startBefore === null
      ? []
      : [{ name: "start-before", mode: 0o600, text: script([String(Math.floor(startBefore / 1000))]) }]),
    ...(walltime === null ? [] : [{ name: "walltime", mode: 0o600, text: script([String(walltime)]) }]),
    ...(walltime === null || spec.signal === undefined
      ? []
      : [{ name: "warning", mode: 0o600, text: script([`${spec.signal.name} ${spec.signal.beforeSeconds}`]) }]),
    ...(spec.script === null ? [] : [{ name: "script", mode: 0o700, text: spec.script }]),
    ...(Object.keys(secrets).length === 0
      ? []
      : [{ name: "secrets", mode: 0o600, text: script(assignments({ ...secrets, hz_secrets_of: token })) }]),
  ]
}

/** Two specs are the same job if they have the same hash. */
export function specHash(spec: JobSpec): string {
  return createHash("sha256").update(JSON.stringify(spec)).digest("hex")
}

/** Read by `hz_stage`: `set -- 'glob' …`, and where from. */
function checkpointFile({ retry: { checkpoint = [] } }: JobSpec, earlier: readonly string[]): TextFile[] {
  if (checkpoint.length === 0 || earlier.length === 0) return []
  const globs = quoteAll(["set", "--", ...checkpoint.map(pattern)])
  const text = script([...assignments({ hz_stage_earlier: earlier.join(" ") }), globs])
  return [{ name: "checkpoint.sh", mode: 0o600, text }]
}

function pattern(glob: string): string {
  return shellPattern(parseGlob(glob))
}

/**
 * The wrapper gets: home, token, native id or `-`, restart count. Some managers run a copy of this on nodes that do not see the
 * home, where a shell's own word for a file that is not there would look like the payload's; a network file system may lag.
 */
function batchScript({ home, submission, directives, jobVariables, wrapper }: JobParts): string {
  const path = `${home}/bin/${wrapper}`
  const isThere = ["test", "-r", path]
  const words = ["exec", "/bin/sh", path, home, submission.token]
  const line = quoteWithVariables(words, [
    { name: jobVariables.nativeId, otherwise: "-" },
    { name: jobVariables.restarts, otherwise: "0" },
  ])
  return script([
    "#!/bin/sh",
    ...directives,
    orElse(isThere, ["sleep", "3"]),
    orElse(isThere, ["exit", String(wrapperExit.missing)]),
    line,
  ])
}

/** Lines that call the functions of payload.sh. */
function payloadScript(parts: JobParts, secretNames: readonly string[]): string {
  const { home, submission, launch } = parts
  const { token, directory, spec } = submission
  const env = variablesOf(parts)
  const lines = [
    "#!/bin/sh",
    quoteAll([".", `${home}/bin/${payloadProgram().name}`]),
    quoteAll(["hz_enter", directory]),
    ...(spec.modules.length === 0 ? [] : ["hz_login"]),
    ...exports(env),
    ...(secretNames.length === 0 ? [] : [quoteAll(["hz_secrets", token, ...secretNames])]),
    ...(spec.modules.length === 0 ? [] : [quoteAll(["hz_modules", ...spec.modules])]),
    ...(spec.prologue === null ? [] : [quoteAll(["hz_prologue", spec.prologue])]),
    ...launchLines(launch, { ...commandOf(parts, secretNames), stdin: stdinOf(spec) }),
  ]
  return script(lines)
}

function variablesOf({ submission: { token, directory, spec }, job }: JobParts): Record<string, string> {
  const own = {
    HAWSER_JOB_ID: job.id,
    HAWSER_KEY: job.key,
    HAWSER_ATTEMPT: String(job.attempt),
    HAWSER_TOKEN: token,
    HAWSER_DIRECTORY: directory,
  }
  return { ...plainVariables(spec), ...own }
}

/** What each process of the job is. */
function commandOf(parts: JobParts, secretNames: readonly string[]): Parameters<typeof launchFiles>[2] {
  const { home, submission } = parts
  const { directory, spec } = submission
  // The wrapper sets HAWSER_RESTART.
  const names = [...Object.keys(variablesOf(parts)), "HAWSER_RESTART", ...secretNames]
  return { home, directory, spec, argv: inContainer(argvOf(submission), { spec, directory, names }) }
}

function outputsOf(spec: JobSpec): readonly string[] {
  return spec.launch?.outputPerRank === true ? [...spec.outputs, rankOutputs] : spec.outputs
}

/** A script is run by its own `#!` line, else by /bin/sh. */
function argvOf({ directory, spec }: JobParts["submission"]): readonly string[] {
  if (spec.script === null) return spec.command ?? []
  const path = `${directory}/script`
  return spec.script.startsWith("#!") ? [path] : ["/bin/sh", path]
}

/** As a path that no shell or program takes for an option. */
function stdinOf(spec: JobSpec): string {
  if (spec.stdin === null) return "/dev/null"
  const path = relativePath(spec.stdin)
  if (path !== null && path !== "") return `./${path}`
  throw new UsageError("SPEC_INVALID", {
    summary: `stdin can't be ${spec.stdin}.`,
    reason: "It is a file in the working directory, usually one of the inputs.",
    advice: "Make it an input and name it relative to the working directory.",
  })
}

function plainVariables(spec: JobSpec): Record<string, string> {
  return Object.fromEntries(
    Object.entries(spec.env).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  )
}

function secretsOf(spec: JobSpec, values: Readonly<Record<string, string>>): Record<string, string> {
  const references = Object.entries(spec.env).filter(
    (entry): entry is [string, SecretReference] => typeof entry[1] !== "string",
  )
  return Object.fromEntries(references.map(([name, reference]) => [name, secretOf(name, reference, values)]))
}

function secretOf(name: string, reference: SecretReference, values: Readonly<Record<string, string>>): string {
  const value = values[reference.fromEnv]
  if (value !== undefined) return value
  throw secretMissing(name, reference)
}

/** Of the variable `name` of a job. */
export function secretMissing(name: string, { fromEnv }: SecretReference): UsageError {
  return new UsageError("SECRET_MISSING", {
    summary: `There is no value for ${name}.`,
    reason: `env.${name} is taken from the variable ${fromEnv} of the submitter, which is not set.`,
    advice: `Set ${fromEnv} and try again.`,
  })
}
