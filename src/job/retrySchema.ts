/** The schema of `retry`: how often, after what, and when again. */
import { z } from "zod"
import { bad, describe, good, type Reading } from "./problem.ts"
import { readGlob } from "./readFiles.ts"
import { memory, walltime } from "./readResources.ts"
import { count, flag, list, maybe, oneOf, read, readText, word } from "./schema.ts"
import type { Backoff, Escalation, Growth, RetryPolicy } from "./spec.ts"
import { type Cause, causes } from "./state.ts"
import { parseTimeout } from "./walltime.ts"

const exitCodes = read<number[]>((value) => {
  const codes: unknown[] = Array.isArray(value) ? value : [value]
  const numbers = codes.filter((code) => typeof code === "number" && Number.isInteger(code) && code >= 1 && code <= 255)
  if (numbers.length === 0 || numbers.length < codes.length)
    return bad(describe(value), "Write exit codes from 1 to 255: [75] or 75.")
  return good([...new Set(numbers as number[])].sort((one, two) => one - two))
})
const retryOn = z.union([oneOf<Cause>(causes), z.strictObject({ exitCode: exitCodes })], {
  error: `Write causes (${causes.join(", ")}) or {exitCode: [75]}.`,
})

/** What leads to another attempt when nothing is said: all but what would only repeat itself or may still be running. */
const retryDefault: readonly Cause[] = causes.filter(
  (cause) => !["rejected", "dependency", "lost", "abandoned"].includes(cause),
)

const wantBackoff = "Write a span with its unit (30s), or {first: 30s, factor: 2, max: 1h}."
const span = readText(parseTimeout, wantBackoff)
const backoffFactorDefault = 2
const backoffMsMaxDefault = 3_600_000

const backoff: z.ZodType<Backoff> = z
  .union(
    [
      span.transform((first) => ({ first, factor: null, max: null })),
      z.strictObject({ first: span, factor: maybe(factor("2")), max: maybe(span) }, { error: wantBackoff }),
    ],
    { error: wantBackoff },
  )
  .transform(({ first, factor: times, max }) => ({
    firstMs: first,
    factor: times ?? backoffFactorDefault,
    maxMs: Math.max(first, max ?? backoffMsMaxDefault),
  }))

function growth(size: z.ZodType<number>, want: string): z.ZodType<Growth> {
  return z
    .union(
      [
        // First, so that what is wrong in an object is not taken for a wrong factor.
        z.strictObject({ factor: factor("1.5"), max: maybe(size) }, { error: want }),
        factor("1.5").transform((times) => ({ factor: times, max: null })),
      ],
      { error: want },
    )
    .transform(({ factor: times, max }) => ({ factor: times, max: max ?? null }))
}

const wantQueue = "Write a queue's name, or a list of them to use in turn."
const queueName = word(wantQueue)

const escalate: z.ZodType<Escalation> = z
  .strictObject(
    {
      memory: maybe(growth(memory, "Write a factor (1.5), or {factor: 1.5, max: 64G}.")),
      walltime: maybe(growth(walltime, "Write a factor (2), or {factor: 2, max: 24h}.")),
      queue: maybe(
        z.union(
          [
            queueName.transform((name) => [name]),
            list(queueName, wantQueue).refine((names) => names.length > 0, wantQueue),
          ],
          {
            error: wantQueue,
          },
        ),
      ),
      excludeNodes: maybe(flag()),
    },
    { error: "Write an object such as {memory: 1.5, walltime: 2, queue: big, excludeNodes: true}." },
  )
  .transform((said) => saidOf(said))

const glob = readText(readGlob, "Write a glob, such as restart/*.")

/** The fields of `retry` and of what stands in it, by their place in a spec. */
export const retryFields: Readonly<Record<string, readonly string[]>> = {
  retry: ["maxAttempts", "on", "backoff", "escalate", "checkpoint", "requeue"],
  "retry.on": ["exitCode"],
  "retry.backoff": ["first", "factor", "max"],
  "retry.escalate": ["memory", "walltime", "queue", "excludeNodes"],
  "retry.escalate.memory": ["factor", "max"],
  "retry.escalate.walltime": ["factor", "max"],
}

/** What was not said is left out, so that a spec of an earlier version is still the same spec. */
export const retrySchema: z.ZodType<RetryPolicy> = z
  .strictObject(
    {
      maxAttempts: maybe(count("3")),
      on: maybe(list(retryOn, "Write a list of causes, such as [node-failure].")),
      backoff: maybe(backoff),
      escalate: maybe(escalate),
      checkpoint: maybe(list(glob, 'Write a list of globs, such as ["restart/*"].')),
      requeue: maybe(flag()),
    },
    { error: "Write an object such as {maxAttempts: 3, on: [node-failure]}." },
  )
  .transform(({ maxAttempts, on, ...more }, context): RetryPolicy => {
    const { requeue, ...policy } = saidOf(more)
    const own = requeue === undefined ? {} : { requeue }
    // The manager's own requeue needs no second attempt; everything else here would have no effect without one.
    const isAlone = requeue !== undefined && !on && Object.keys(policy).length === 0
    if ((maxAttempts ?? null) === null && !isAlone) {
      const message = "Write how many attempts there may be in all, such as 3."
      context.issues.push({
        code: "custom",
        input: undefined,
        path: ["maxAttempts"],
        message,
        params: { why: "is missing" },
      })
      return z.NEVER
    }
    if ((maxAttempts ?? 1) === 1) return { maxAttempts: 1, on: [], ...own }
    return { maxAttempts: maxAttempts ?? 1, on: sortedOn(on ?? retryDefault), ...policy, ...own }
  })

type Said<T> = { readonly [K in keyof T]: Exclude<T[K], null | undefined> }

function saidOf<T extends object>(fields: T): Partial<Said<T>> {
  const said = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(said) as Partial<Said<T>>
}

/** A number from 1, such as 1.5; also as text, with an x or × before or behind it. */
function factor(example: string): z.ZodType<number> {
  return read((value): Reading<number> => {
    const text = typeof value === "number" || typeof value === "string" ? String(value).trim() : ""
    const times = Number(/^[x×]?\s*(\d+(?:\.\d+)?)\s*[x×]?$/i.exec(text)?.[1] ?? Number.NaN)
    if (times >= 1 && times <= 1000) return good(times)
    return bad(describe(value), `Write a factor from 1 to 1000, such as ${example}.`)
  })
}

/** In one order, each once: it is a set, and the same set is the same spec. */
function sortedOn(on: readonly (Cause | { exitCode: number[] })[]): RetryPolicy["on"] {
  const codes = on.flatMap((one) => (typeof one === "string" ? [] : one.exitCode))
  const exitCode = [...new Set(codes)].sort((one, two) => one - two)
  return [...causes.filter((cause) => on.includes(cause)), ...(exitCode.length === 0 ? [] : [{ exitCode }])]
}
