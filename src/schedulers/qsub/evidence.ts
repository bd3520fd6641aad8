/** One job of qstat as evidence. */
import type { Evidence, Outcome } from "../../job/index.ts"
import { type Native, tokenOf } from "../scheduler.ts"
import type { Meaning } from "./states.ts"

/** Attributes by their names as qstat prints them (`job_state`); those of a list by both (`Resource_List.walltime`). */
export type Attributes = Readonly<Record<string, string | undefined>>

export interface Told {
  readonly id: string
  readonly attributes: Attributes
  readonly meaning: Meaning | null
  readonly outcome: Outcome | null
  readonly submitTime: string | null
  readonly startedAt: number | null
  readonly endedAt: number | null
}

/** A record without our token is a stranger's. */
export function evidenceOf(told: Told, natives: readonly Native[]): Evidence[] {
  const { id, attributes, meaning, outcome, submitTime, startedAt, endedAt } = told
  const token = tokenOf(attributes["Job_Name"] ?? "")
  if (token === null) return []
  const hasBegun = meaning === "running" || meaning === "suspended" || meaning === "ended"
  return [
    {
      // Also of what is over: the history is the server's own, and what it calls over it never starts again.
      source: "queue",
      token,
      nativeId: idAsKnown(id, token, natives),
      seenAt: 0,
      word: attributes["job_state"] ?? "",
      state: meaning,
      outcome,
      reason: known(attributes["comment"]),
      submitTime,
      startedAt: hasBegun ? startedAt : null,
      endedAt: meaning === "ended" ? endedAt : null,
      host: hostsOf(attributes["exec_host"]),
      // Neither tells a job how often it was started, so none is allowed to be started again.
      restarts: null,
    },
  ]
}

/** qsub and qstat may differ on the server behind the number: `4711`, `4711.head`, `4711.head.example.org`. */
function idAsKnown(id: string, token: string, natives: readonly Native[]): string {
  const number = numberOf(id)
  const asked = natives.find((native) => native.token === token && numberOf(native.nativeId ?? "") === number)
  return asked?.nativeId ?? id
}

function numberOf(id: string): string {
  return id.split(".")[0] ?? id
}

/** `n1/0*28+n2/0*28`, `n1/0-11+n2/3`: each once. */
function hostsOf(text: string | undefined): string | null {
  const hosts = text?.split("+").map((one) => one.split("/")[0] ?? "")
  return known([...new Set(hosts)].join(","))
}

function known(text: string | undefined): string | null {
  return text === undefined || text.trim() === "" ? null : text
}

/** `hours:minutes:seconds` or seconds; null for anything else. */
function secondsOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d+(?::\d+){0,2}$/.test(text)) return null
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0)
}

export function numberIn(text: string | undefined): number | null {
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : null
}

/** It has run for as long as it was allowed to. */
export function isOverrun(attributes: Attributes): boolean {
  const limit = secondsOf(attributes["Resource_List.walltime"])
  const used = secondsOf(attributes["resources_used.walltime"])
  return limit !== null && used !== null && used >= limit
}
