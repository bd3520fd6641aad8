/** What is to be said of a state directory: how bad it is, and what to do. Pure. */
import { isoTime } from "../clock.ts"
import type { Lease } from "./lease.ts"
import type { Loaded } from "./load.ts"
import { type Covered, type SegmentName, compareSegments } from "./segment.ts"
import { snapshotNames } from "./snapshot.ts"
import type { Finding } from "./store.ts"
import type { DamagedLine, Survey } from "./survey.ts"

/**
 * `fine`: as it should be. `heals`: the next start puts it right by itself. `repairable`: `hawser fsck --repair` does.
 * `beyond-repair`: something is lost that nothing here can bring back.
 */
export type Severity = "fine" | "heals" | "repairable" | "beyond-repair"

export interface Remark {
  readonly severity: Severity
  readonly kind: Finding["kind"] | "lease" | "draft" | "mode" | "copy" | "incomplete-job" | "shared-token" | "unused"
  readonly file: string | null
  readonly line: number | null
  /** What was found. */
  readonly detail: string
  /** What to do; null: nothing. */
  readonly advice: string | null
}

export interface SegmentReport extends SegmentName, Survey {
  readonly file: string
  /** So many bytes count; 0: none of it does. */
  readonly counted: number
}

export interface SnapshotReport {
  readonly file: string
  /** `unusable`: whole, and not on the history that counts. */
  readonly state: "whole" | "damaged" | "unusable" | "missing"
  /** Of the newest event in it, its place in the journal and how many jobs it has; null where it can't be read. */
  readonly seq: number | null
  readonly position: Covered | null
  readonly jobs: number | null
}

/** Names and modes, beside what the journal says. */
export interface Surroundings {
  readonly drafts: readonly string[]
  /** Folders of earlier repairs. */
  readonly copies: readonly string[]
  /** What others may read or change. */
  readonly open: readonly string[]
}

interface Seen {
  readonly lease: Lease
  readonly loaded: Loaded
  readonly segments: readonly SegmentReport[]
  readonly snapshots: readonly SnapshotReport[]
  readonly surroundings: Surroundings
}

export function remarksOn(seen: Seen): Remark[] {
  const onJournal = seen.segments.flatMap((segment) => onSegment(segment, seen))
  const onReplay = [...seen.loaded.findings.flatMap((finding) => onFinding(finding)), ...onJobs(seen.loaded)]
  const isWhole = ![...onJournal, ...onReplay].some(({ severity }) => severity === "beyond-repair")
  return [
    ...onLease(seen.lease),
    ...onJournal,
    ...seen.snapshots.flatMap((snapshot) => onSnapshot(snapshot, seen.snapshots, isWhole)),
    ...onReplay,
    ...onSurroundings(seen),
  ]
}

/** Does a person have to do something? */
export function needsPerson({ severity }: Remark): boolean {
  return severity === "repairable" || severity === "beyond-repair"
}

const repairAdvice = 'Run "hawser fsck --repair".'
const lossAdvice =
  'Restore the file from a copy if you have one; else run "hawser recover", and submit jobs that are missing again under their keys.'

function remark(
  severity: Severity,
  kind: Remark["kind"],
  file: string | null,
  detail: string,
  more: Partial<Remark> = {},
): Remark {
  const advice = severity === "repairable" ? repairAdvice : severity === "beyond-repair" ? lossAdvice : null
  return { severity, kind, file, line: null, detail, advice, ...more }
}

function onLease({ state, epoch, owner }: Lease): Remark[] {
  if (epoch === 0) return [remark("fine", "lease", null, "Nobody has used this directory yet.")]
  if (owner === null) return [remark("fine", "lease", null, `No controller runs; epoch ${epoch} was given back.`)]
  const who = `process ${owner.pid} on ${owner.host}, epoch ${epoch}, since ${isoTime(owner.since)}`
  const said: Readonly<Record<Lease["state"], readonly [string, string | null]>> = {
    free: [`No controller runs: ${who}.`, null],
    dead: [`No controller runs: ${who}, has ended without giving the directory back.`, null],
    live: [
      `A controller runs: ${who}.`,
      'What is being written while we look can seem torn. To repair, stop it first ("hawser down"). If this directory is a copy, that controller is the original\'s.',
    ],
    elsewhere: [
      `It is held by ${who}. Whether that still runs can't be seen from here.`,
      "Make sure that it has ended before you take its place with --take-over.",
    ],
  }
  const [detail, advice] = said[state]
  return [remark(state === "dead" ? "heals" : "fine", "lease", "lease", detail, { advice })]
}

function onSegment(segment: SegmentReport, { loaded, lease }: Seen): Remark[] {
  const { file, counted, tornBytes, damaged } = segment
  if (counted === 0) {
    return [remark("fine", "unused", file, "None of it counts: a later owner or snapshot has taken its place.")]
  }
  const base = loaded.snapshot?.position
  const order = base === undefined ? 1 : compareSegments(segment, base)
  const covered = order < 0 ? Infinity : order === 0 ? (base?.bytes ?? 0) : 0
  const torn = `Its last record is incomplete (${tornBytes} bytes).`
  const isWriting = lease.state === "live" && lease.epoch === segment.epoch
  return [
    ...damaged.map((line) => onDamage(file, line, covered)),
    ...(tornBytes > 0 ? [remark(isWriting ? "fine" : "heals", "torn-tail", file, torn)] : []),
  ]
}

function onDamage(file: string, { line, at, counts, lost, legible }: DamagedLine, covered: number): Remark {
  const say = (severity: Severity, detail: string): Remark => remark(severity, "damaged-line", file, detail, { line })
  const what = legible === null ? "" : ` (${legible})`
  if (!counts)
    return say("fine", "The checksum does not fit. The line was written after a take-over and does not count.")
  if (at < covered) return say("fine", `The checksum does not fit. The snapshot has what it said${what}.`)
  if (lost === null) return say("heals", "The checksum does not fit. No event is lost by it.")
  const { first, last } = lost
  const events = first === last ? `Event ${first}${what} is lost.` : `Events ${first} to ${last}${what} are lost.`
  return say("beyond-repair", `The checksum does not fit. ${events}`)
}

function onSnapshot({ file, state }: SnapshotReport, snapshots: readonly SnapshotReport[], isWhole: boolean): Remark[] {
  if (state === "damaged") {
    return [remark("repairable", "snapshot-unusable", file, "It is damaged: the checksum does not fit.")]
  }
  if (state === "unusable") {
    const detail = "It is whole, and what follows it does not count or is gone."
    // The previous one is there for the case that the newest is not, and may still be all that is left.
    return [remark(file === snapshotNames[0] ? "repairable" : "fine", "snapshot-unusable", file, detail)]
  }
  const isGone = state === "missing" && file === snapshotNames[0] && snapshots.some((one) => one.state !== "missing")
  const detail = "It is missing; the previous one is there."
  // A repair writes no snapshot of what is not whole; the controller does, in its own time.
  return isGone ? [remark(isWhole ? "repairable" : "heals", "snapshot-unusable", file, detail)] : []
}

/** What the loader said, but for what was surveyed line by line. */
function onFinding({ kind, file, line, detail, job }: Finding): Remark[] {
  switch (kind) {
    case "torn-tail":
    case "damaged-line":
    case "snapshot-unusable":
      return []
    case "superseded-tail":
      return [remark("fine", kind, file, detail)]
    case "snapshot-ahead": {
      const advice = `The snapshot counts; events behind it, if there were any, are lost. ${repairAdvice} Then "hawser recover".`
      return [remark("repairable", kind, file, detail, { advice })]
    }
    case "refused-event": {
      const advice = `See "hawser show ${job ?? "JOB"}", and "hawser recover". Where nothing else is damaged, this is a bug in Hawser: please report it.`
      return [remark("beyond-repair", kind, file, detail, { line, advice })]
    }
    case "gap":
    case "repeat":
      return [remark("beyond-repair", kind, file, detail, { line })]
  }
}

function onJobs({ findings, ledger }: Loaded): Remark[] {
  const refused = new Map<string, number>()
  for (const { job } of findings) if (job !== undefined) refused.set(job, (refused.get(job) ?? 0) + 1)
  const incomplete = [...refused].map(([id, count]) => {
    const state = ledger.jobs.get(id)?.state
    const known = state === undefined ? "and it is not known at all" : `and it is shown as ${state}`
    return remark("beyond-repair", "incomplete-job", null, `Job ${id}: ${count} of its events were refused, ${known}.`)
  })
  const jobOf = new Map<string, string>()
  const shared: Remark[] = []
  for (const job of ledger.jobs.values()) {
    for (const { token } of job.attempts) {
      const other = jobOf.get(token)
      if (other !== undefined)
        shared.push(
          remark(
            "beyond-repair",
            "shared-token",
            null,
            `Jobs ${other} and ${job.id} have the token ${token} in common.`,
          ),
        )
      jobOf.set(token, job.id)
    }
  }
  return [...incomplete, ...shared]
}

function onSurroundings({ surroundings: { drafts, copies, open }, lease }: Seen): Remark[] {
  const isInUse = lease.state === "live" || lease.state === "elsewhere"
  const draft = isInUse
    ? "It is being written, or was left unfinished."
    : "It was left unfinished by one that has ended."
  return [
    ...drafts.map((file) => remark(isInUse ? "fine" : "heals", "draft", file, draft)),
    ...open.map((file) => remark("repairable", "mode", file, "Others than its owner may read or change it.")),
    ...copies.map((file) =>
      remark("fine", "copy", file, "Copies that a repair has made; remove them when all is well."),
    ),
  ]
}
