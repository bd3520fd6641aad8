/** The test job: one of Hawser's own that goes the whole way, and by that shows what a fence does there. (PROTOCOL 8) */
import { UsageError } from "../errors.ts"
import { type Job, type Resources, applyDefaults, parseSpec } from "../job/index.ts"
import type { Desk } from "./desk.ts"
import { jobIdFor } from "./token.ts"

/** Where in the manager it is to go. */
export type Lane = Pick<Resources, "queue" | "account" | "qos">

const nowhere: Lane = { queue: null, account: null, qos: null }

/** As a user would write it: one task that prints these words, and takes nothing worth a word. */
export function testSpec(name: string, words: readonly string[], lane: Lane = nowhere): object {
  return { command: ["printf", "%s\\n", ...words], name, resources: { tasks: 1, walltime: "5m", ...lane } }
}

/**
 * Records one, which goes through the limits and steps of all jobs, and is found again by the next controller. It goes
 * where `like` went. Resolves with its key.
 */
export async function createTest({ store, clock, name, defaults, bells }: Desk, like: Job): Promise<string> {
  const key = `hawser-test-${clock.nonce(5)}`
  const { queue, account, qos } = like.spec.resources
  const said = testSpec("hawser-test", ["hawser", "test", key], { queue, account, qos })
  const reading = parseSpec(said, { base: "/", key })
  if (!reading.ok) throw new UsageError("SPEC_INVALID", { summary: `There can't be a test job on ${name}.` })
  const spec = applyDefaults(reading.value.spec, defaults)
  const job = jobIdFor(store.identity.seed, key, 0)
  await store.append([{ job, type: "created", key, executor: name, generation: 0, spec, isTest: true }])
  bells.submit.ring()
  return key
}
