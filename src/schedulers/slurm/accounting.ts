/** sacct: what is kept of natives that left the queue. */
import type { Command, CommandResult } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import type { Listing, Native } from "../scheduler.ts"
import { tokenOf } from "../scheduler.ts"
import { membersOf } from "./members.ts"
import { idOf, naming } from "./clusters.ts"
import { expectAnswer, failureOf } from "./errors.ts"
import { evidenceOf, known, millis } from "./evidence.ts"
import { scopeOption, withoutSiblings } from "./federation.ts"
import { completenessOf, separator, splitRecords } from "./records.ts"

const fields = ["JobID", "State", "ExitCode", "Reason", "Submit", "Start", "End", "NodeList", "Cluster", "JobName"]
const command = ["env", "SLURM_TIME_FORMAT=%s", "SLURM_BITSTR_LEN=0", "sacct", "--allocations", "--parsable"]
const timeoutMs = 120_000
const marginSeconds = 86_400

/** By ids, whenever they were; sacct then lists also what never became eligible (held, waiting on a dependency). */
export function accountingById(natives: readonly Native[], ids: readonly string[]): Command<Listing> {
  return sacct(natives, [`--jobs=${ids.join(",")}`])
}

export function accountingByName(natives: readonly Native[], since: number): Command<Listing> {
  return sacct(natives, [...window(since), `--name=${natives.map((native) => native.nativeName).join(",")}`])
}

/** All of this user's since then: one short command line, however many are asked for. */
export function accountingSince(natives: readonly Native[], since: number): Command<Listing> {
  return sacct(natives, window(since))
}

/** `uts`: seconds since 1970, whatever the zone. Without an end sacct goes up to now. */
function window(since: number): string[] {
  return [`--starttime=uts${Math.max(1_000_000, Math.floor(since) - marginSeconds)}`]
}

/** `--parsable` ends each field, also the last one, with the delimiter. `--allocations`: jobs, not their steps. */
function sacct(natives: readonly Native[], filter: readonly string[]): Command<Listing> {
  return {
    argv: [
      ...command,
      `--delimiter=${separator}`,
      ...scopeOption(natives, "--federation"),
      ...filter,
      `--format=${fields.join(",")}`,
    ],
    timeoutMs,
    parse: (result) => readAccounting(result, natives),
  }
}

/** Reads sacct's answer. Coverage `none` where the site keeps no accounting; throws when it did not answer. */
export function readAccounting(result: CommandResult, natives: readonly Native[] = []): Listing {
  if (result.exitCode !== 0 && failureOf(result.stderr)?.class === "gone" && /disabled/.test(result.stderr)) {
    return { evidence: [], unread: [], coverage: "none", trouble: "Slurm keeps no accounting here." }
  }
  expectAnswer(result, "sacct")
  const { records, unread, hasHead } = splitRecords(result.stdout, fields.length)
  const asked = new Map(
    natives.flatMap((native) => (native.nativeId === null ? [] : [[idOf(native.nativeId), native.nativeId]])),
  )
  const context = { asked, nameOf: naming(natives), mortal: mortalTokens(natives) }
  const evidence = records.flatMap((record) => read(record, context))
  return { evidence: withoutSiblings(evidence), unread, ...completenessOf(unread, hasHead, "sacct") }
}

interface Context {
  /** The ids that were asked for, and how we write them. */
  readonly asked: ReadonlyMap<string, string>
  readonly nameOf: ReturnType<typeof naming>
  readonly mortal: ReadonlySet<string>
}

function read(record: readonly string[], { asked, nameOf, mortal }: Context): Evidence[] {
  const [id = "", state = "", exit = "", reason = "", submitted = "", start = "", end = "", nodes = ""] = record
  const [cluster = "", name = ""] = record.slice(8)
  const token = tokenOf(name)
  const ours = asked.get(id.replace(/\+0$/, ""))
  // For some seconds slurmdbd knows no name and prints "allocation": the id is all that this record has.
  if (token === null && (!unnamed.has(name) || ours === undefined)) return []
  const hasVanished = state === "CANCELLED" && known(nodes) === null
  return membersOf(id).map((element) =>
    evidenceOf({
      source: "accounting",
      token,
      nativeId: token === null ? (ours ?? element) : nameOf(element, cluster, token),
      // "CANCELLED by 1001", and old versions mark words that were cut with a "+".
      word: (state.split(" ")[0] ?? state).replace(/\+$/, ""),
      reason: isUnmet(reason, mortal.has(token ?? "")) && hasVanished ? "DependencyNeverSatisfied" : known(reason),
      exit: exitCode(exit),
      submitTime: known(submitted),
      startedAt: millis(start),
      endedAt: millis(end),
      host: known(nodes),
      restarts: null,
    }),
  )
}

/**
 * What squeue calls CANCELLED for DependencyNeverSatisfied is in accounting CANCELLED by nobody (where somebody did it, it is
 * `CANCELLED by UID`), of a job that never started and waited for a dependency, or may say no reason at all. (22.05)
 */
function isUnmet(reason: string, isMortal: boolean): boolean {
  return reason === "Dependency" || (isMortal && known(reason) === null)
}

/** Those that Slurm was told to end when their dependency can't be met. */
function mortalTokens(natives: readonly Native[]): Set<string> {
  const mortal = natives.filter(({ options = [] }) => options.some((option) => killOnInvalid.test(option)))
  return new Set(mortal.map(({ token }) => token))
}

const killOnInvalid = /^\s*(?:#SBATCH\s+)?--kill-on-invalid-dep(?:=|\s+)y/

const unnamed: ReadonlySet<string> = new Set(["", "allocation"])

/** `E:S`. It may lack 128: `exit 200` is 72:0 and a segmentation fault 11:0 (22.05); our exit record outranks it. */
function exitCode(text: string): { code: number; signal: number } | null {
  const match = /^(\d{1,3}):(\d{1,3})$/.exec(text)
  return match === null ? null : { code: Number(match[1]), signal: Number(match[2]) }
}
