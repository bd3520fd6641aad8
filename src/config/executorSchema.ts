/** The schema of hawser.yaml. It reads each field by itself; parseConfig.ts looks at them together. */
import { z } from "zod"
import { hostsSchema } from "./hostsSchema.ts"
import { type SaidInstance, instanceFields, instanceSchema } from "./instanceSchema.ts"
import type { HostSlots } from "../job/index.ts"
import { launcherFields } from "../job/launch.ts"
import { bad, describe, good, type Reading } from "../job/problem.ts"
import { memory, gpus, resourceFields, resourceWords, type SaidResources } from "../job/readResources.ts"
import { type Known, count, flag, list, maybe, read, readBy, readText, scalar, word } from "../job/schema.ts"
import { type SaidSettings, settingFields } from "../job/settingsSchema.ts"
import { knownSpecFields } from "../job/specSchema.ts"
import { parseTimeout } from "../job/walltime.ts"

type Maybe<T> = T | null | undefined

export interface SaidConfig {
  readonly default?: Maybe<string>
  readonly executors?: Maybe<Record<string, Maybe<SaidExecutor>>>
}

export interface SaidExecutor {
  readonly scheduler?: Maybe<string>
  readonly launcher?: SaidSettings["launcher"]
  readonly transport?: Maybe<string | { command: string[] }>
  readonly host?: Maybe<string>
  readonly port?: Maybe<number>
  readonly user?: Maybe<string>
  readonly identityFile?: Maybe<string>
  readonly knownHostsFile?: Maybe<string>
  readonly rememberPassphrase?: Maybe<boolean>
  readonly root?: Maybe<string>
  readonly defaults?: Maybe<SaidDefaults>
  readonly limits?: Maybe<SaidLimits>
  readonly packing?: Maybe<{ max: number } | "off">
  readonly parallelEnvironment?: Maybe<string>
  readonly cores?: Maybe<number>
  readonly memory?: Maybe<number>
  readonly gpus?: Maybe<{ count: number; type: string | null }>
  readonly hosts?: Maybe<HostSlots[]>
  readonly instance?: Maybe<SaidInstance>
  readonly retention?: Maybe<number | "keep">
}

/** Resources and settings side by side, as people write them. */
export type SaidDefaults = SaidResources & Omit<SaidSettings, "launcher">

export interface SaidLimits {
  readonly maxQueued?: Maybe<number>
  readonly maxSubmitPerMinute?: Maybe<number>
  readonly maxConnections?: Maybe<number>
  readonly minPollSeconds?: Maybe<number>
}

const wantTransport = "Write local, ssh2, openssh or {command: [docker, exec, -i, box, sh]}."
const wantEnvironment = "Write the name of a parallel environment (`qconf -spl` lists them)."
const wantPacking = "Write off, or {max: 1000}."

const { launcher, ...defaultSettings } = settingFields
const defaultFields = { ...resourceFields, ...defaultSettings }

const limitFields = {
  maxQueued: maybe(count("500")),
  maxSubmitPerMinute: maybe(count("600")),
  maxConnections: maybe(count("2")),
  minPollSeconds: maybe(read(readSeconds)),
}

const executorFields: { readonly [K in keyof SaidExecutor]-?: z.ZodType<SaidExecutor[K]> } = {
  scheduler: maybe(word("Write a scheduler's name.")),
  launcher,
  transport: maybe(
    z.union([word(wantTransport), z.strictObject({ command: argv() }, { error: wantTransport })], {
      error: wantTransport,
    }),
  ),
  host: maybe(readText(readHost, "Write a host name, or an alias of your OpenSSH configuration.")),
  port: maybe(read(readPort)),
  user: maybe(readText(readUser, "Write a login name.")),
  identityFile: maybe(word("Write the path of a private key, such as ~/.ssh/id_ed25519.")),
  knownHostsFile: maybe(word("Write the path of a known_hosts file.")),
  rememberPassphrase: maybe(flag()),
  root: maybe(readText(readRoot, "Write a directory on the other side, such as ~/.hawser or /scratch/me/hawser.")),
  defaults: maybe(z.strictObject(defaultFields, { error: "Write fields such as {queue: batch, walltime: 10m}." })),
  limits: maybe(z.strictObject(limitFields, { error: "Write fields such as {maxQueued: 500}." })),
  packing: maybe(
    z.union(
      [
        z.literal(["off", false]).transform((): "off" => "off"),
        z.strictObject({ max: count("1000") }, { error: wantPacking }),
      ],
      { error: wantPacking },
    ),
  ),
  parallelEnvironment: maybe(readText(readName, wantEnvironment)),
  cores: maybe(count("4")),
  memory: maybe(memory),
  gpus: maybe(gpus),
  hosts: maybe(hostsSchema),
  instance: maybe(instanceSchema(readRoot)),
  retention: maybe(scalar(readRetention, "Write a span such as 14d, or keep.")),
}

const schema: z.ZodType<SaidConfig> = z.strictObject(
  {
    default: maybe(word("Write the name of an executor.")),
    executors: maybe(
      z.record(
        z.string(),
        maybe(z.strictObject(executorFields, { error: "Write fields such as {scheduler: slurm}." })),
        {
          error: "Write names with their executors.",
        },
      ),
    ),
  },
  { error: "Write executors: and, if you like, default:." },
)

const executorWords: Readonly<Record<string, string>> = {
  type: "scheduler",
  hostname: "host",
  address: "host",
  username: "user",
  login: "user",
  key: "identityFile",
  keyFile: "identityFile",
  privateKey: "identityFile",
  knownHosts: "knownHostsFile",
  cpus: "cores",
  pe: "parallelEnvironment",
  mem: "memory",
  workdir: "root",
  directory: "root",
}

const known: Known = (path) => {
  const [, , field, ...deeper] = path
  if (path.length === 0) return { fields: ["executors", "default"] }
  if (field === undefined)
    return { fields: Object.keys(executorFields), meant: executorWords, elsewhere: elsewhereInExecutor }
  if (field !== "defaults") return { fields: fieldsAt[field] ?? [] }
  return deeper.length > 0 ? knownSpecFields(deeper) : { fields: Object.keys(defaultFields), meant: resourceWords }
}

const fieldsAt: Readonly<Record<string, readonly string[]>> = {
  limits: Object.keys(limitFields),
  packing: ["max"],
  transport: ["command"],
  gpus: ["count", "type"],
  hosts: ["host", "slots"],
  instance: instanceFields,
  launcher: launcherFields,
}

function elsewhereInExecutor(field: string): string | null {
  if (/pass(word|phrase)|secret|token/i.test(field))
    return "Hawser keeps no secrets: use a key, an agent, or answer when asked."
  if (Object.hasOwn(limitFields, field)) return `It belongs into limits: limits.${field}.`
  return Object.hasOwn(defaultFields, field) && !Object.hasOwn(executorFields, field)
    ? `It belongs into defaults: defaults.${field}.`
    : null
}

export function readConfig(value: unknown): Reading<SaidConfig> {
  return readBy(schema, value, known)
}

function argv(): z.ZodType<string[]> {
  const want = "Write the words of a command that gives a shell, such as [docker, exec, -i, box, sh]."
  return list(word(want), want).refine((words) => words.length > 0, { error: want })
}

// A leading dash would be an option to ssh.
function readHost(text: string): Reading<string> {
  const trouble = /^-|[\s@/\0]/.test(text) || text === ""
  if (/^[^:]+:\d+$/.test(text))
    return bad(`${describe(text)}, with a port in it`, "Write the port as a field of its own: port.")
  if (text.includes("@"))
    return bad(`${describe(text)}, with a user in it`, "Write the user as a field of its own: user.")
  return trouble
    ? bad(`${describe(text)}, which is no host`, "Write a host name, or an alias of your OpenSSH configuration.")
    : good(text)
}

function readName(text: string): Reading<string> {
  return /^[A-Za-z][\w.*-]*$/.test(text) ? good(text) : bad(`${describe(text)}, which is no such name`, wantEnvironment)
}

function readUser(text: string): Reading<string> {
  return /^-|[\s\0]/.test(text) || text === ""
    ? bad(`${describe(text)}, which is no login name`, "Write a login name.")
    : good(text)
}

function readPort(value: unknown): Reading<number> {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535) return good(value)
  return bad(describe(value), "Write a port from 1 to 65535.")
}

function readRoot(text: string): Reading<string> {
  const want = "Write an absolute directory on the other side, or one below ~/."
  const plain = /^(\/|~\/)\P{Cc}*$/u.test(text) && !text.split("/").includes("..")
  const path = text.replaceAll(/\/+/g, "/").replace(/\/$/, "")
  return plain && path !== "" && path !== "~" ? good(path) : bad(describe(text), want)
}

function readSeconds(value: unknown): Reading<number> {
  if (typeof value === "number" && value > 0 && value <= 86_400) return good(value)
  return bad(describe(value), "Write seconds, such as 2 or 0.5.")
}

function readRetention(value: string | number): Reading<number | "keep"> {
  return value === "keep" ? good(value) : parseTimeout(value)
}
