/** The schema of `instance`: a Flux instance that Hawser itself starts. */
import { z } from "zod"
import type { Reading } from "../job/problem.ts"
import { walltime } from "../job/readResources.ts"
import { count, maybe, oneOf, readText, scalar, word } from "../job/schema.ts"
import { parseTimeout } from "../job/walltime.ts"

type Maybe<T> = T | null | undefined

export interface SaidInstance {
  readonly scope?: Maybe<"executor" | "workflow" | "job">
  readonly on?: Maybe<string>
  readonly nodes?: Maybe<number>
  readonly cores?: Maybe<number>
  /** Seconds. */
  readonly walltime?: Maybe<number>
  readonly stateDirectory?: Maybe<string>
  /** Milliseconds. */
  readonly idle?: Maybe<number>
}

const want = "Write fields such as {scope: executor, on: local}."

/** `directory`: how a directory on the other side is read. */
export function instanceSchema(directory: (text: string) => Reading<string>): z.ZodType<SaidInstance> {
  const fields: { readonly [K in keyof SaidInstance]-?: z.ZodType<SaidInstance[K]> } = {
    scope: maybe(oneOf(["executor", "workflow", "job"])),
    on: maybe(word("Write local, or the name of another executor.")),
    nodes: maybe(count("4")),
    cores: maybe(count("32")),
    walltime: maybe(walltime),
    stateDirectory: maybe(readText(directory, "Write a directory on the other side, such as /scratch/me/flux.")),
    idle: maybe(scalar(parseTimeout, "Write a span such as 10m.")),
  }
  return z.strictObject(fields, { error: want })
}

export const instanceFields: readonly string[] = ["scope", "on", "nodes", "cores", "walltime", "stateDirectory", "idle"]
