/** What a spec says for itself, or an executor's config for all of its jobs: environment, container, retry and the like. */
import { z } from "zod"
import { type SaidLauncher, launcherSchema } from "./launch.ts"
import { bad, describe, good, type Reading } from "./problem.ts"
import { retrySchema } from "./retrySchema.ts"
import { lines, list, maybe, oneOf, read, scalar, word } from "./schema.ts"
import type { Container, RetryPolicy, SecretReference, WarningSignal } from "./spec.ts"
import { signalSchema } from "./signal.ts"
import { parseTimeout } from "./walltime.ts"

type Maybe<T> = T | null | undefined
type Env = Readonly<Record<string, string | SecretReference>>

/** As far as something was said. `giveUpAfter` in milliseconds. */
export interface SaidSettings {
  readonly env?: Maybe<Env>
  readonly prologue?: Maybe<string>
  readonly epilogue?: Maybe<string>
  readonly modules?: Maybe<string[]>
  readonly container?: Maybe<Container>
  readonly native?: Maybe<string[]>
  readonly launcher?: Maybe<SaidLauncher>
  readonly retry?: Maybe<RetryPolicy>
  readonly signal?: Maybe<WarningSignal>
  readonly giveUpAfter?: Maybe<number>
}

const wantContainer = 'Write "docker://image:tag" or {image, runtime, options}.'

export const settingFields: { readonly [K in keyof SaidSettings]-?: z.ZodType<SaidSettings[K]> } = {
  env: maybe(read(readEnv)),
  prologue: maybe(lines("Write shell lines, as text or as a list.")),
  epilogue: maybe(lines("Write shell lines, as text or as a list.")),
  modules: maybe(
    list(word("Write a module's name, such as gcc/13."), "Write a list of modules, such as [gcc/13, openmpi]."),
  ),
  container: maybe(container()),
  native: maybe(
    list(word('Write a directive, such as "--switches=1".'), 'Write a list of directives, such as ["--switches=1"].'),
  ),
  launcher: maybe(launcherSchema),
  retry: maybe(retrySchema),
  signal: maybe(signalSchema),
  giveUpAfter: maybe(scalar(parseTimeout, "Write a span with its unit, such as 12h.")),
}

/** Values are not repeated in what is said of them: they may be secrets. */
function readEnv(value: unknown): Reading<Env> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return bad(describe(value), "Write an object such as {OMP_NUM_THREADS: 4}.")
  const read: [string, string | SecretReference][] = []
  for (const [name, said] of Object.entries(value) as [string, unknown][]) {
    if (!variable.test(name))
      return bad("can't be the name of a variable", "Write letters, digits and _, and no digit first.", [name])
    const one = readEnvValue(said)
    if (one === null) return bad("is neither text nor a number", "Write text, a number, or {fromEnv: NAME}.", [name])
    read.push([name, one])
  }
  return good(Object.fromEntries(read))
}

const variable = /^[A-Za-z_][A-Za-z0-9_]*$/

function readEnvValue(said: unknown): string | SecretReference | null {
  if (typeof said === "number" && Number.isFinite(said)) return String(said)
  if (typeof said === "string") return said.includes("\0") || !said.isWellFormed() ? null : said
  if (typeof said !== "object" || said === null || Object.keys(said).join() !== "fromEnv") return null
  const { fromEnv } = said as { fromEnv: unknown }
  return typeof fromEnv === "string" && variable.test(fromEnv) ? { fromEnv } : null
}

function container(): z.ZodType<Container> {
  const image = word("Write an image, such as docker://alpine:3.20 or /images/my.sif.")
  const object = z.strictObject(
    {
      image,
      runtime: maybe(oneOf(["apptainer", "podman"])),
      options: maybe(list(word("Write one option."), 'Write a list of options, such as ["--nv"].')),
    },
    { error: wantContainer },
  )
  return z
    .union([image.transform((one) => ({ image: one, runtime: null, options: null })), object], { error: wantContainer })
    .transform(({ image: one, runtime, options }) => ({
      runtime: runtime ?? "apptainer",
      image: one,
      options: options ?? [],
    }))
}
