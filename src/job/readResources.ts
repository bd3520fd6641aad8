/** Resources as a user writes them: counts, `4G`, `2h30m`, `a100:2`. */
import { z } from "zod"
import { bad, describe, good, type Reading } from "./problem.ts"
import { count, flag, list, maybe, oneOf, read, scalar, word } from "./schema.ts"
import { parseSize } from "./size.ts"
import { parseWalltime } from "./walltime.ts"
import type { MailEvent, Resources } from "./resources.ts"

type Said<T> = { readonly [K in keyof T]?: T[K] | null | undefined }
/** What was said; null and undefined: nothing. */
export type SaidResources = Said<Resources>

const wantGpus = 'Write a count per node (2), "type:count" ("a100:2") or {count, type}.'
const wantMail = "Write an address, or {user, on} with on a list of begin, end, fail, all."
const wantBegin = "Write ISO 8601 with its zone: 2031-05-01T18:00:00Z or 2031-05-01T18:00+02:00."

export const walltime: z.ZodType<number> = scalar(
  limit(parseWalltime, "unlimited"),
  "Write a time such as 30m or 1:30:00.",
)
export const memory: z.ZodType<number> = scalar(limit(parseSize, null), "Write an amount such as 4G.")
export const gpus: z.ZodType<{ count: number; type: string | null }> = read(parseGpus)

/** The schema of each field, for whoever takes resources among other things. */
export const resourceFields: { readonly [K in keyof Resources]-?: z.ZodType<Resources[K] | null | undefined> } = {
  nodes: maybe(count("2")),
  tasks: maybe(count("4")),
  tasksPerNode: maybe(count("8")),
  cpusPerTask: maybe(count("4")),
  memory: maybe(memory),
  memoryPerCpu: maybe(memory),
  gpus: maybe(gpus),
  walltime: maybe(walltime),
  queue: maybe(word("Write the queue's (partition's) name.")),
  account: maybe(word("Write the account's name.")),
  qos: maybe(word("Write the quality of service's name.")),
  reservation: maybe(word("Write the reservation's name.")),
  constraint: maybe(word("Write the manager's own expression, such as intel&ib.")),
  exclusive: maybe(flag()),
  mail: maybe(mail()),
  begin: maybe(read(parseBegin)),
}

export const resourcesSchema: z.ZodType<SaidResources> = z.strictObject(resourceFields, {
  error: "Write an object such as {tasks: 4, walltime: 30m}.",
})

/** Other tools' words for a field. */
export const resourceWords: Readonly<Record<string, string>> = {
  cpus: "cpusPerTask",
  cores: "cpusPerTask",
  threads: "cpusPerTask",
  ntasks: "tasks",
  processes: "tasks",
  ranks: "tasks",
  ntasksPerNode: "tasksPerNode",
  mem: "memory",
  memPerCpu: "memoryPerCpu",
  gpu: "gpus",
  gres: "gpus",
  time: "walltime",
  timeLimit: "walltime",
  runtime: "walltime",
  partition: "queue",
  project: "account",
  bank: "account",
  features: "constraint",
}

/** `2`, `"2"`, `"a100:2"` or `{count, type}`; a type alone would leave the count open. */
function parseGpus(value: unknown): Reading<{ count: number; type: string | null }> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const { count: amount, type = null, ...rest } = value as { count?: unknown; type?: unknown }
    const other = Object.keys(rest)[0]
    if (other !== undefined) return bad("is not a known field", "Known: count, type.", [other])
    if (type !== null && (typeof type !== "string" || !gpuType.test(type)))
      return bad(describe(type), wantGpus, ["type"])
    return isCount(amount) ? good({ count: Number(amount), type }) : bad(describe(amount), wantGpus, ["count"])
  }
  if (typeof value !== "string" && typeof value !== "number") return bad(describe(value), wantGpus)
  const [first, second, ...more] = String(value).split(":")
  if (more.length > 0) return bad(describe(value), wantGpus)
  if (second === undefined)
    return isCount(first) ? good({ count: Number(first), type: null }) : bad(describe(value), wantGpus)
  if (first === undefined || !gpuType.test(first) || !isCount(second)) return bad(describe(value), wantGpus)
  return good({ count: Number(second), type: first })
}

const gpuType = /^[A-Za-z][\w.-]*$/

function isCount(value: unknown): boolean {
  return /^[1-9]\d{0,5}$/.test(typeof value === "number" || typeof value === "string" ? String(value) : "")
}

/** Slurm reads 0 as no limit or the whole node, others as nothing at all: it is refused. */
function limit(parse: (value: string | number) => Reading<number>, instead: string | null) {
  return (value: string | number): Reading<number> => {
    const reading = parse(value)
    if (!reading.ok || reading.value !== 0) return reading
    const way =
      instead === null
        ? "leave it out for the manager's default"
        : `write ${instead}, or leave it out for the manager's default`
    return bad(
      `${describe(value)}, which means different things to different managers`,
      `Write more than 0; or ${way}.`,
    )
  }
}

function mail(): z.ZodType<{ user: string | null; on: MailEvent[] }> {
  const address = word(wantMail)
  const event = oneOf<MailEvent>(["begin", "end", "fail", "all"])
  const object = z.strictObject(
    { user: maybe(address), on: maybe(z.union([list(event, wantMail), event.transform((one) => [one])])) },
    { error: wantMail },
  )
  return z
    .union([address.transform((user) => ({ user, on: null })), object], { error: wantMail })
    .transform(({ user, on }) => ({ user: user ?? null, on: sortedEvents(on ?? ["end", "fail"]) }))
}

function sortedEvents(events: readonly MailEvent[]): MailEvent[] {
  if (events.includes("all")) return ["all"]
  return (["begin", "end", "fail"] as const).filter((event) => events.includes(event))
}

function parseBegin(value: unknown): Reading<string> {
  const text = typeof value === "string" ? value : ""
  const day = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.exec(text)?.[1]
  const time = Date.parse(text)
  if (day === undefined || Number.isNaN(time) || !isDay(day)) {
    return bad(`${describe(value)}, which is not a time with its zone`, wantBegin)
  }
  return good(new Date(time).toISOString())
}

/** Date.parse takes 31 February for 3 March. */
function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day)
}
