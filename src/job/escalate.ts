/** Escalation: what the next attempt of a job gets, after what became of those before it. The spec stays as it is. */
import { hostsIn } from "./hostlist.ts"
import { type Attempt, type Job, currentAttempt } from "./job.ts"
import { type Problem, bad } from "./problem.ts"
import { type Resources, cpusOf, unlimitedWalltime } from "./resources.ts"
import type { Growth, JobSpec } from "./spec.ts"
import type { Cause } from "./state.ts"

/** What one attempt is submitted with. */
export interface Needs {
  readonly resources: Resources
  /** Nodes that it is to stay away from, as the manager writes them. */
  readonly excludeNodes: readonly string[]
}

/** Ends that say something of what the job needs. One that its node or the manager took says nothing of it. */
const ownEnds: readonly (Cause | null)[] = ["exit", "signal", "timeout", "out-of-memory"]
/** Ends that say something of the node. */
const nodeEnds: readonly (Cause | null)[] = ["node-failure", "launch"]

/** What this attempt was submitted with: what its intent says, else what the spec says. */
export function needsOf(job: Job, attempt: Attempt | null = currentAttempt(job)): Needs {
  return { resources: attempt?.resources ?? job.spec.resources, excludeNodes: attempt?.excludeNodes ?? [] }
}

/** What the next attempt is to get; `memoryMax`: bytes that a host of the executor has, where that is known. */
export function nextNeeds({ spec, attempts }: Job, memoryMax: number | null): Needs {
  const { escalate } = spec.retry
  const last = attempts.at(-1)
  if (escalate === undefined || last === undefined) return { resources: spec.resources, excludeNodes: [] }
  const ends = attempts.flatMap((attempt) => (attempt.outcome === null ? [] : [attempt.outcome.cause]))
  const steps = ends.filter((cause) => ownEnds.includes(cause)).length
  const { resources } = spec
  const queue = escalate.queue?.[Math.min(last.number, escalate.queue.length) - 1] ?? resources.queue
  return {
    resources: {
      ...resources,
      memory: grown(resources.memory, escalate.memory, steps, memoryMax),
      memoryPerCpu: grown(resources.memoryPerCpu, escalate.memory, steps, perCpu(memoryMax, resources)),
      walltime:
        resources.walltime === unlimitedWalltime
          ? unlimitedWalltime
          : grown(resources.walltime, escalate.walltime, steps, null),
      queue,
    },
    excludeNodes: escalate.excludeNodes === true ? failedNodes(attempts) : [],
  }
}

/** What can't grow because nothing is there to grow from; to be asked when the executor's defaults are in. */
export function escalationProblems({ retry: { escalate }, resources }: JobSpec): readonly Problem[] {
  const problems: Problem[] = []
  if (escalate?.memory !== undefined && resources.memory === null && resources.memoryPerCpu === null)
    problems.push(
      ...bad("has nothing to grow from", "Say resources.memory, too.", ["retry", "escalate", "memory"]).problems,
    )
  if (escalate?.walltime !== undefined && (resources.walltime === null || resources.walltime === unlimitedWalltime))
    problems.push(
      ...bad("has nothing to grow from", "Say resources.walltime, too.", ["retry", "escalate", "walltime"]).problems,
    )
  return problems
}

/** Whole, never above a limit, and never below what the spec says. */
function grown(from: number | null, growth: Growth | undefined, steps: number, limit: number | null): number | null {
  if (from === null || growth === undefined) return from
  // Without what binary fractions add behind the point: 10 × 1.1 is 11.
  const to = Math.ceil(Number((from * growth.factor ** steps).toPrecision(12)))
  return Math.max(from, Math.min(to, growth.max ?? Infinity, limit ?? Infinity))
}

function perCpu(memoryMax: number | null, resources: Resources): number | null {
  return memoryMax === null ? null : Math.floor(memoryMax / cpusOf(resources))
}

function failedNodes(attempts: readonly Attempt[]): string[] {
  const failed = attempts.filter(({ outcome }) => nodeEnds.includes(outcome?.cause ?? null))
  const lists = failed.flatMap((attempt) => nodeOf(attempt) ?? [])
  // On which of its nodes an attempt failed nobody says.
  return [...new Set(lists.flatMap((list) => hostsIn(list) ?? [list]))]
}

/** The manager's own name for it, where there is one: a host may call itself otherwise. */
function nodeOf({ evidence, lastSeen, host }: Attempt): string | null {
  const told = [...evidence, ...(lastSeen === null ? [] : [lastSeen])].filter(({ source }) => source !== "record")
  return told.find((seen) => seen.host !== null)?.host ?? host
}
