/** Sends job directories to the other side and brings results back, many jobs in one stream. */
import type { Readable } from "node:stream"
import { type Clock, systemClock } from "../clock.ts"
import { type Command, type CommandResult, firstLine } from "../command.ts"
import { type ErrorClass, HawserError, TransportError } from "../errors.ts"
import type { Session } from "../transport/session.ts"
import type { Place } from "./layout.ts"
import { type StageJob, type TextFile, packJobs } from "./pack.ts"
import { payloadProgram } from "./programs.ts"
import { type CollectReply, type CollectRequest, unpack } from "./unpack.ts"

export interface StageReply {
  readonly token: string
  /**
   * `staged`: it is in place now. `exists`: it was, with the same spec. `conflict`: a job directory of this token is
   * there with another spec. `failed`: it could not be put into place; `reason` has the other side's words.
   */
  readonly status: "staged" | "exists" | "conflict" | "failed"
  readonly reason: string | null
}

export interface StageOptions {
  /** Letters and digits; a new one for each stream. */
  readonly nonce: string
  /** The job wrapper, and what else belongs into `bin/`. Those that are there already are kept. */
  readonly programs?: readonly TextFile[]
  readonly clock?: Clock
  readonly signal?: AbortSignal
}

/**
 * All or nothing as to a cut stream: on success each job has a reply; after an error any of them may be in place, and
 * staging them again is safe. Throws an InputError for an input that could not be read, `STAGE_CUT` (transient),
 * `STAGE_FAILED` (`limit` when the disk there is full), `SUPERSEDED` (gone), or what the session throws.
 */
export async function stageJobs(
  session: Session,
  place: Place,
  jobs: readonly StageJob[],
  { nonce, programs = [], clock = systemClock, signal }: StageOptions,
): Promise<StageReply[]> {
  if (jobs.length === 0) return []
  const now = Math.floor(clock.now() / 1000)
  const source = packJobs(jobs, { nonce, programs: [payloadProgram(), ...programs], now })
  let inputError: unknown
  source.once("error", (error) => {
    inputError = error
  })
  try {
    return await session.send(stageCommand(place, jobs, nonce), source, signal)
  } catch (error) {
    throw inputError ?? error
  } finally {
    source.destroy()
  }
}

/** Removes what dead streams have left in our home; `nonces` are the streams that are still at work. */
export function sweepStages(place: Place, nonces: readonly string[] = []): Command<readonly string[]> {
  return {
    argv: ["hz_sweep_stages", place.home, String(place.owner), ...nonces],
    parse(result) {
      if (result.exitCode !== 0) throw stagingError(result)
      return lines(result.stdout).flatMap((line) => /^swept (\S+)$/.exec(line)?.[1] ?? [])
    },
  }
}

/**
 * Results of these jobs, each in its own folder. A reply that is not whole was read once more by itself. Throws
 * `COLLECT_CUT` (transient) or what the session throws; what had come stays where it is.
 */
export async function collectJobs(
  session: Session,
  place: Place,
  requests: readonly CollectRequest[],
  signal?: AbortSignal,
): Promise<CollectReply[]> {
  if (requests.length === 0) return []
  let replies: CollectReply[] = []
  const command: Command<void> = {
    argv: ["hz_collect", place.home, ...requests.map(({ token }) => token)],
    parse(result) {
      if (result.exitCode !== 0) throw stagingError(result)
    },
  }
  const sink = async (stdout: Readable): Promise<void> => {
    replies = await unpack(stdout, requests)
  }
  await session.receive(command, sink, signal)
  return replies
}

function stageCommand(place: Place, jobs: readonly StageJob[], nonce: string): Command<StageReply[]> {
  return {
    argv: ["hz_stage", place.home, String(place.owner), nonce],
    parse(result) {
      if (result.exitCode !== 0) throw stagingError(result)
      const said = lines(result.stdout)
      if (said.at(-1) !== `end ${nonce}`) throw cutError("It did not say to the end what it had done.")
      const replies = new Map(said.flatMap((line) => stageReply(line, result)).map((reply) => [reply.token, reply]))
      return jobs.map(({ token }) => {
        const reply = replies.get(token)
        if (reply === undefined) throw cutError(`It said nothing of ${token}.`)
        return reply
      })
    },
  }
}

function stageReply(line: string, result: CommandResult): StageReply[] {
  const [, word, token] = /^(staged|exists|conflict|failed) (hz[a-z0-9]+)$/.exec(line) ?? []
  if (token === undefined) return []
  const status = word as StageReply["status"]
  return [{ token, status, reason: status === "failed" ? (firstLine(result.stderr) ?? null) : null }]
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "")
}

/** The exit codes of staging.sh. */
function stagingError(result: CommandResult): HawserError {
  const reason = firstLine(result.stderr)
  if (result.exitCode === 91) return cutError(reason)
  if (result.exitCode === 93) {
    return new HawserError("SUPERSEDED", {
      summary: "Another controller has taken over on the other side.",
      reason: "There is a higher owner number than ours.",
      advice: "End this controller; the other one has the jobs.",
      class: "gone",
    })
  }
  const full = /No space left|[Dd]isk quota|Quota exceeded/.test(result.stderr)
  const errorClass: ErrorClass = full ? "limit" : "transient"
  return new TransportError("STAGE_FAILED", {
    summary: "Files could not be moved between here and the other side.",
    reason,
    advice: full ? "Make room on the other side; it goes on by itself." : undefined,
    class: errorClass,
  })
}

function cutError(reason: string | undefined): TransportError {
  return new TransportError("STAGE_CUT", {
    summary: "The stream of job directories did not arrive whole; nothing of it counts.",
    reason,
    class: "transient",
  })
}
