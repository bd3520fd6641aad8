/** squeue: one call for all natives of this user. */
import type { Command, CommandResult } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import type { Listing, Native } from "../scheduler.ts"
import { tokenOf } from "../scheduler.ts"
import { membersOf } from "./members.ts"
import { naming } from "./clusters.ts"
import { expectAnswer } from "./errors.ts"
import { evidenceOf, known, millis } from "./evidence.ts"
import { scopeOption, withoutSiblings } from "./federation.ts"
import { completenessOf, separator, splitRecords } from "./records.ts"

/**
 * Not --json: it answers `"jobs": []` and exit code 0 when the manager is down, and 3.8 kB a job. (22.05)
 * `exit_code` is the raw wait status: sacct's own figure lacks 128.
 */
const fields = [
  "JobArrayID",
  "State",
  "Reason",
  "SubmitTime",
  "StartTime",
  "EndTime",
  "RestartCnt",
  "exit_code",
  "NodeList",
  "Cluster",
  "Name",
]

const format = fields.map((field) => `${field}:${separator}`).join(",")
const command = ["env", "SLURM_TIME_FORMAT=%s", "SLURM_BITSTR_LEN=0", "squeue", "--all", "--states=all"]
const timeoutMs = 120_000

/**
 * SLURM_BITSTR_LEN=0: lists of array elements whole. `--all`: also in partitions that are hidden. `--states=all`: also those that ended within MinJobAge.
 */
export function queue(natives: readonly Native[]): Command<Listing> {
  return squeue(natives, ["--me"])
}

/** The queue, asked by names and by ids: what `look` adds to it. */
export function queueByName(natives: readonly Native[]): Command<Listing> {
  return squeue(natives, ["--me", `--name=${natives.map((native) => native.nativeName).join(",")}`])
}

/** squeue fails on one id that it doesn't know, and keeps silent about two. */
export function queueById(natives: readonly Native[], ids: readonly string[]): Command<Listing> {
  return squeue(natives, [`--jobs=${ids.join(",")}`])
}

function squeue(natives: readonly Native[], filter: readonly string[]): Command<Listing> {
  return {
    argv: [...command, ...scopeOption(natives, "--sibling"), ...filter, `--Format=${format}`],
    timeoutMs,
    parse: (result) => readQueue(result, natives),
  }
}

/** Reads squeue's answer. Throws a SchedulerError when it is none. */
export function readQueue(result: CommandResult, natives: readonly Native[] = []): Listing {
  expectAnswer(result, "squeue", ["unknown-job"])
  const nameOf = naming(natives)
  const { records, unread: noise, hasHead } = splitRecords(result.stdout, fields.length)
  // With --clusters it heads the records of each.
  const unread = noise.filter((line) => !/^CLUSTER: \S+\s*$/i.test(line))
  const evidence = records.flatMap((record): Evidence[] => {
    const [id = "", word = "", reason = "", submitted = "", start = "", end = "", restarts = ""] = record
    const [exit = "", host = "", cluster = "", name = ""] = record.slice(7)
    const token = tokenOf(name)
    if (token === null) return []
    return membersOf(id).map((element) =>
      evidenceOf({
        source: "queue",
        token,
        nativeId: nameOf(element, known(cluster) ?? "", token),
        word,
        reason: known(reason),
        exit: waitStatus(exit),
        submitTime: known(submitted),
        startedAt: millis(start),
        endedAt: millis(end),
        // Then only the nodes that are still at it. (squeue(1))
        host: word === "COMPLETING" ? null : known(host),
        restarts: /^\d+$/.test(restarts) ? Number(restarts) : null,
      }),
    )
  })
  // That it does not know the one id that was asked for is all that it says.
  return {
    evidence: withoutSiblings(evidence),
    unread,
    ...completenessOf(unread, hasHead || result.exitCode !== 0, "squeue"),
  }
}

/** 1792 is exit code 7, 9 is signal 9, 4021 is signal 53 with a core and a code that means nothing. */
function waitStatus(text: string): { code: number; signal: number } | null {
  if (!/^\d{1,6}$/.test(text)) return null
  const status = Number(text)
  const signal = status & 127
  return { code: signal === 0 ? (status >> 8) & 255 : 0, signal }
}
