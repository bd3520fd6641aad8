/** Strikes: what trouble really did in a world. One that was drawn and met nobody is none. */

import { isShown } from "../executors/visibility.ts"
import type { AnyEvent, JobEvent, ManagerEvent } from "../job/index.ts"
import type { JobStore } from "../persist/index.ts"

/** By whom or what it hits; each of them is to happen in some of a few thousand seeds, or a test fails. */
export const strikes = [
  "controller killed before a write",
  "controller killed after a write",
  "controller killed before another call of its disk",
  "controller killed after another call of its disk",
  "controller killed before a command",
  "controller killed after a command",
  "power failure: what was not fsynced is gone",
  "power failure: a write is torn",
  "power failure: a file name is gone",
  "power failure: a result that was not fsynced is gone",
  "controller's disk is full",
  "controller's disk fails",
  "controller stands still",
  "machine sleeps",
  "wall clock jumps forward",
  "wall clock jumps back",
  "state directory is taken over from one who lives",
  "state directory is copied",
  "a copy is given up for the original",
  "a superseded controller is told so",
  "connection refused",
  "login refused",
  "connection cut before a command",
  "connection cut during a command",
  "connection cut after a command",
  "connection cut while results come",
  "answer lost after the effect",
  "command carried out after its connection was cut",
  "answer is late",
  "unreachable for an hour or more",
  "slurmctld down",
  "slurmctld down for an hour or more",
  "slurmctld frozen",
  "slurmctld killed, and back with its state",
  "slurmctld forgets what it accepted",
  "slurmctld gives an id again",
  "slurmctld back without its state",
  "sbatch times out, having accepted",
  "sbatch times out, and is accepted later",
  "scancel times out",
  "a program hangs",
  "slurmdbd down",
  "accounting is behind",
  "squeue shows an empty list",
  "squeue shows a part of its list",
  "squeue shows an old list",
  "sacct shows an empty list",
  "sacct shows a part of its list",
  "manager's submit limit",
  "a stranger's native is listed",
  "cancelled by an administrator",
  "a node fails",
  "a payload runs on after its node has failed",
  "a native is requeued and starts again",
  "a node does not see the file system",
  "nodes have a file system of their own",
  "a native finds its guard taken",
  "a file shows late",
  "outputs show late",
  "remote disk is full",
  "a native waits for room on its disk",
  "submission in doubt",
  "fence won",
  "fence lost",
  "attempt replaced",
  "held back: nothing has shown what a fence does",
  "a test job shows a fence",
  "a test job shows that a fence would stop nothing",
  "removed from another copy",
  "job lost",
  "job corrected",
  "job retried",
  "job retried after it was lost",
  "cancelled while the manager is away",
  "deadline: fenced before it started",
  "deadline: the manager is away",
  "deadline: never submitted",
  "held back by maxQueued",
  "held back by maxSubmitPerMinute",
  "waits for a time on the wall clock",
] as const
export type Strike = (typeof strikes)[number]

export function killStrike(what: string, when: "before" | "after"): Strike {
  if (what === "disk write") return `controller killed ${when} a write`
  return `controller killed ${when} ${what.startsWith("disk ") ? "another call of its disk" : "a command"}`
}

/** In how many seeds each of them struck. */
export type Coverage = Partial<Record<Strike, number>>

export function addTo(coverage: Coverage, struck: Iterable<Strike>): void {
  for (const strike of struck) coverage[strike] = (coverage[strike] ?? 0) + 1
}

/** One line for each, in their order: seeds in which it struck. */
export function tableOf(coverage: Coverage): string {
  return strikes.map((strike) => `${String(coverage[strike] ?? 0).padStart(8)}  ${strike}`).join("\n")
}

/** What an engine had to do, told by what it writes down. */
export function strikeOf(event: AnyEvent, store: JobStore): Strike | null {
  if ("job" in event) return jobStrike(event, store)
  return "executor" in event ? managerStrike(event, store) : null
}

function managerStrike(event: ManagerEvent, store: JobStore): Strike | null {
  return event.type === "visible" && isTests(store, event.shownBy) ? "a test job shows a fence" : null
}

function jobStrike(event: JobEvent, store: JobStore): Strike | null {
  const { type } = event
  const job = store.jobs.get(event.job)
  const executor = job?.executor ?? ""
  if (type === "fenced") return event.won ? "fence won" : "fence lost"
  if (type === "intent") return event.replacement > 0 ? "attempt replaced" : null
  if (type === "held-back") return event.held ? "held back: nothing has shown what a fence does" : null
  if (type === "retrying") return event.outcome.cause === "lost" ? "job retried after it was lost" : "job retried"
  if (type === "cancel-requested") return isAway(store, executor) ? "cancelled while the manager is away" : null
  if (type === "waiting") return waits.find(([words]) => event.reason?.includes(words))?.[1] ?? null
  if (type !== "ended" && type !== "finished") return always[type] ?? null
  if (event.reason?.includes("another copy of this state directory") === true) return "removed from another copy"
  if (event.outcome.cause === "lost") return "job lost"
  if (type === "finished" && job?.isTest === true && job.state === "completed" && !isShown(store, executor))
    return "a test job shows that a fence would stop nothing"
  return deadlines.find(([words]) => event.reason?.includes(words))?.[1] ?? null
}

function isAway({ managers }: JobStore, executor: string): boolean {
  return managers.get(executor)?.health === "unreachable"
}

const always: Partial<Record<JobEvent["type"], Strike>> = {
  "in-doubt": "submission in doubt",
  corrected: "job corrected",
}

const waits: readonly (readonly [string, Strike])[] = [
  ["maxQueued", "held back by maxQueued"],
  ["maxSubmitPerMinute", "held back by maxSubmitPerMinute"],
  ["it goes on at", "waits for a time on the wall clock"],
]

const deadlines: readonly (readonly [string, Strike])[] = [
  ["(giveUpAfter), and it had not: it was fenced", "deadline: fenced before it started"],
  ["(giveUpAfter), and its manager is away", "deadline: the manager is away"],
  ["(giveUpAfter), and nothing had been submitted", "deadline: never submitted"],
]

/** Whether the token is that of a test job of the engine's own. */
export function isTests({ jobs }: Pick<JobStore, "jobs">, token: string | null): boolean {
  return [...jobs.values()].some(
    ({ isTest, attempts }) => isTest === true && attempts.some((one) => one.token === token),
  )
}
