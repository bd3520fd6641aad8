/** Sends job directories to the other side and brings results back, many jobs in one stream. */
import type { Readable } from "node:stream"
import { type Clock, systemClock } from "../clock.ts"
import { type Command, type CommandResult, firstLine } from "../command.ts"
import { TransportError } from "../errors.ts"
import type { Session } from "../transport/session.ts"
import { answerLines, assertAnswered, verbExit } from "./answer.ts"
import type { Place } from "./layout.ts"
import { InputError, type StageJob, type TextFile, packJobs } from "./pack.ts"
import { launchPrograms, payloadProgram } from "./programs.ts"
import { type ResultsDisk, localDisk } from "./resultsDisk.ts"
import { type CollectReply, type CollectRequest, unpack } from "./unpack.ts"

/** Exit code of hz_stage, beside those of the verbs: the end marker never came. */
const stageCut = 91

export interface StageReply {
  readonly token: string
  /**
   * `staged`: it is in place now. `exists`: it was, with the same spec. `conflict`: a job directory of this token is
   * there with another spec. `removed`: it was there, and whoever acted there had it removed for good. `failed`: it could
   * not be put into place; `reason` has the other side's words.
   */
  readonly status: "staged" | "exists" | "conflict" | "removed" | "failed"
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
 * `REMOTE_DISK_FULL` (limit), what verbs throw (answer.ts), or what the session throws. Nothing of it is in doubt.
 */
export async function stageJobs(
  session: Session,
  place: Place,
  jobs: readonly StageJob[],
  { nonce, programs = [], clock = systemClock, signal }: StageOptions,
): Promise<StageReply[]> {
  if (jobs.length === 0) return []
  const now = Math.floor(clock.now() / 1000)
  const source = packJobs(jobs, { nonce, programs: [payloadProgram(), ...launchProgramsOf(jobs), ...programs], now })
  let inputError: InputError | undefined
  source.once("error", (error) => {
    if (error instanceof InputError) inputError = error
  })
  try {
    return await session.send(stageCommand(place, jobs, nonce), source, signal)
  } catch (error) {
    throw inputError ?? error
  } finally {
    source.destroy()
  }
}

/** For jobs that a launcher starts. */
function launchProgramsOf(jobs: readonly StageJob[]): readonly TextFile[] {
  const { mpi, rank, sweep } = launchPrograms()
  return jobs.some(({ files }) => files.some(({ name }) => name === "rank.sh")) ? [mpi, rank, sweep] : []
}

/** Removes what dead streams have left in our home; `nonces` are the streams that are still at work. */
export function sweepStages(place: Place, nonces: readonly string[] = []): Command<readonly string[]> {
  return {
    argv: ["hz_sweep_stages", place.home, String(place.owner), ...nonces],
    parse(result) {
      return answerLines(result, "question", "hz_sweep_stages").flatMap((line) => /^swept (\S+)$/.exec(line)?.[1] ?? [])
    },
  }
}

/**
 * Results of these jobs, each in its own folder. One that was unsteady among others was read once more by itself. Throws
 * `COLLECT_CUT` (transient) or what the session throws; what had come stays where it is.
 */
export async function collectJobs(
  session: Session,
  place: Place,
  requests: readonly CollectRequest[],
  signal?: AbortSignal,
  disk: ResultsDisk = localDisk,
): Promise<CollectReply[]> {
  if (requests.length === 0) return []
  const replies = await collectOnce(session, place, requests, disk, signal)
  if (requests.length === 1) return replies
  // tar reads many jobs at once: that it had something to say does not tell of which.
  const unsteady = requests.filter((_request, index) => replies[index]?.unsteady === true)
  const again = new Map<string, CollectReply>()
  for (const request of unsteady) {
    for (const reply of await collectOnce(session, place, [request], disk, signal)) again.set(reply.token, reply)
  }
  return replies.map((reply) => again.get(reply.token) ?? reply)
}

async function collectOnce(
  session: Session,
  place: Place,
  requests: readonly CollectRequest[],
  disk: ResultsDisk,
  signal?: AbortSignal,
): Promise<CollectReply[]> {
  let replies: CollectReply[] = []
  const command: Command<void> = {
    argv: ["hz_collect", place.home, ...requests.map(({ token }) => token)],
    parse(result) {
      assertAnswered(result, "question", "hz_collect")
    },
  }
  const sink = async (stdout: Readable): Promise<void> => {
    replies = await unpack(stdout, requests, disk)
  }
  await session.receive(command, sink, signal)
  return replies
}

function stageCommand(place: Place, jobs: readonly StageJob[], nonce: string): Command<StageReply[]> {
  return {
    argv: ["hz_stage", place.home, String(place.owner), nonce],
    parse(result) {
      assertStaged(result)
      // Asking again is harmless: an answer that is not whole leaves no doubt behind.
      const said = answerLines(result, "question", "hz_stage")
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
  const [, word, token] = /^(staged|exists|conflict|removed|failed) (hz[a-z0-9]+)$/.exec(line) ?? []
  if (token === undefined) return []
  const status = word as StageReply["status"]
  return [{ token, status, reason: status === "failed" ? (firstLine(result.stderr) ?? null) : null }]
}

function assertStaged(result: CommandResult): void {
  if (result.exitCode === stageCut) throw cutError(firstLine(result.stderr))
  // GNU tar says `Wrote only 6144 of 10240 bytes` of a file for which there was some room.
  const isFull = /No space left|[Dd]isk quota|Wrote only \d+ of|short write/.test(result.stderr)
  if (result.exitCode !== verbExit.failed || !isFull) return
  throw new TransportError("REMOTE_DISK_FULL", {
    summary: "There is no room on the other side for the job directories.",
    reason: firstLine(result.stderr),
    advice: "Make room there; it goes on by itself.",
    class: "limit",
  })
}

function cutError(reason: string | undefined): TransportError {
  return new TransportError("STAGE_CUT", {
    summary: "The stream of job directories did not arrive whole; nothing of it counts.",
    reason,
    class: "transient",
  })
}
