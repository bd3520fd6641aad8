/** The schema of what a user writes for a job. It reads each field by itself; parseSpec.ts looks at them together. */
import { z } from "zod"
import { keysIn } from "./array.ts"
import { launcherFields } from "./launch.ts"
import { nearest } from "./nearest.ts"
import { bad, describe, good, type Reading } from "./problem.ts"
import { retryFields } from "./retrySchema.ts"
import { type SaidResources, resourceFields, resourceWords, resourcesSchema } from "./readResources.ts"
import { type Known, lines, list, maybe, oneOf, read, readBy, word } from "./schema.ts"
import { signalFields } from "./signal.ts"
import { type SaidSettings, settingFields } from "./settingsSchema.ts"
import type { Dependency } from "./spec.ts"

type Maybe<T> = T | null | undefined

/** A spec as it was said, each field read; paths not yet made absolute. */
export interface SaidSpec extends SaidSettings {
  readonly key?: Maybe<string>
  readonly executor?: Maybe<string>
  readonly name?: Maybe<string>
  readonly array?: Maybe<never>
  readonly command?: Maybe<string[]>
  readonly script?: Maybe<string>
  readonly inputs?: Maybe<(string | { from: string; to?: Maybe<string> })[]>
  readonly outputs?: Maybe<string[]>
  readonly stdin?: Maybe<string>
  readonly resources?: Maybe<SaidResources>
  readonly after?: Maybe<Dependency[]>
  readonly into?: Maybe<string>
}

const input = z.union(
  [
    z.string(),
    z.strictObject({
      from: z.string({ error: "Write a local path." }),
      to: maybe(z.string({ error: "Write a path in the working directory." })),
    }),
  ],
  { error: "Write a local path, or {from, to}." },
)

const wantDependency = "Write a key, or {job, when}."
const other = word("Write the other job's key or id.")
const when = maybe(oneOf(["completed", "failed", "ended", "started"]))
const dependency = z
  .union(
    [other.transform((job) => ({ job, when: null })), z.strictObject({ job: other, when }, { error: wantDependency })],
    {
      error: wantDependency,
    },
  )
  .transform((said) => keysIn(said.job).map((job): Dependency => ({ job, when: said.when ?? "completed" })))
const dependencies = list(dependency, 'Write a list of keys, such as ["prepare"].').transform((said) => said.flat())

const noArray = read<never>(() =>
  bad("stands for many jobs, and here is one", "hawser batch, hawser submit --array and submitArray() take it."),
)

const schema: z.ZodType<SaidSpec> = z.strictObject(
  {
    ...settingFields,
    key: maybe(word("Write the job's own name in this state directory, such as relax/Al.")),
    executor: maybe(word("Write an executor's name from hawser.yaml.")),
    name: maybe(word("Write a name for people.")),
    array: maybe(noArray),
    command: maybe(read(readCommand)),
    script: maybe(lines("Write the text of a script.")),
    inputs: maybe(list(input, 'Write a list of local paths, such as ["in.dat"].')),
    outputs: maybe(list(z.string({ error: "Write a path or glob." }), 'Write a list of globs, such as ["*.out"].')),
    stdin: maybe(z.string({ error: "Write the path of a file in the working directory." })),
    resources: maybe(resourcesSchema),
    after: maybe(dependencies),
    into: maybe(z.string({ error: "Write the path of a local directory." })),
  },
  { error: 'Write an object such as {"command": ["hostname"]}.' },
)

const specWords: Readonly<Record<string, string>> = {
  cmd: "command",
  argv: "command",
  args: "command",
  environment: "env",
  image: "container",
  dependencies: "after",
  dependsOn: "after",
  afterok: "after",
  retries: "retry",
  id: "key",
  input: "inputs",
  files: "inputs",
  results: "outputs",
  directory: "into",
  directives: "native",
}

const specFields = [
  "key",
  "executor",
  "name",
  "array",
  "command",
  "script",
  "env",
  "inputs",
  "outputs",
  "stdin",
  "prologue",
].concat([
  "epilogue",
  "modules",
  "container",
  "launcher",
  "native",
  "resources",
  "after",
  "retry",
  "signal",
  "into",
  "giveUpAfter",
])

const fieldsAt: Readonly<Record<string, readonly string[]>> = {
  inputs: ["from", "to"],
  container: ["image", "runtime", "options"],
  after: ["job", "when"],
  ...retryFields,
  signal: signalFields,
  launcher: launcherFields,
  "resources.mail": ["user", "on"],
  mail: ["user", "on"],
}

/** The fields of a spec by their place; also used for the same fields in a config. */
export const knownSpecFields: Known = (path) => {
  const place = path.join(".")
  if (place === "resources") return { fields: Object.keys(resourceFields), meant: resourceWords }
  if (place !== "")
    return {
      fields: fieldsAt[place] ?? [],
      elsewhere: (field) => (place === "retry" && field === "signal" ? "It stands beside retry, not in it." : null),
    }
  return {
    fields: specFields,
    meant: specWords,
    elsewhere: (field) => {
      const near = nearest(field, specFields, specWords) ?? nearest(field, Object.keys(resourceFields), resourceWords)
      return near === null || specFields.includes(near) ? null : `It belongs into resources: resources.${near}.`
    },
  }
}

export function readSpec(raw: unknown): Reading<SaidSpec> {
  return readBy(schema, raw, knownSpecFields)
}

function readCommand(value: unknown): Reading<string[]> {
  const want = 'Write an argv, such as ["./relax", "Al"]; shell text goes into script.'
  if (!Array.isArray(value) || value.length === 0)
    return bad(Array.isArray(value) ? "is an empty list" : describe(value), want)
  const wrong = value.findIndex((one) => typeof one !== "string" || one.includes("\0") || !one.isWellFormed())
  if (wrong === -1) return value[0] === "" ? bad("is empty", want, [0]) : good(value as string[])
  const one: unknown = value[wrong]
  return bad(
    typeof one === "string" ? "holds a NUL or broken Unicode" : describe(one),
    "Write each word as text, numbers in quotes.",
    [wrong],
  )
}
