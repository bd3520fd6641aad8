/** Doctor: checks one executor from the connection to a test job; each line says what to do when it fails. */
import { readFile } from "node:fs/promises"
import { HawserError, asHawserError } from "../errors.ts"
import { firstLine } from "../command.ts"
import { awkwardWords } from "../quote.ts"
import type { DoctorLine } from "./api.ts"
import type { Live } from "./link.ts"
import type { ExecutorParts, FleetView } from "./parts.ts"
import { testSpec } from "./testJob.ts"
import { isShown } from "./visibility.ts"

interface Patient {
  readonly fleet: FleetView
  readonly parts: ExecutorParts
  readonly signal: AbortSignal
  /** Set by the first check. */
  live: Live | null
}

interface Finding {
  readonly status?: DoctorLine["status"]
  readonly detail: string
  readonly advice?: string
}

interface Check {
  readonly name: string
  /** Null: it does not apply here. Throws when it fails. */
  readonly run: (patient: Patient, live: Live) => Promise<Finding | null>
  /** What to do when it throws an error that has no advice of its own. */
  readonly advice: string
}

const skewMsMax = 5_000
const testJobMsMax = 120_000

const withoutAccounting = "Without it ends are judged by our own records alone; see docs/judging.md."

const checks: readonly Check[] = [
  {
    name: "shell",
    advice: "Log in by hand and see what the shell prints or does.",
    run: async (_, { facts }) => ({ detail: `${facts.user}@${facts.hostname}, boot ${facts.boot.slice(0, 8)}` }),
  },
  {
    name: "quoting",
    advice: "Report it, with the login shell's name: nothing may be run through this shell.",
    run: quoting,
  },
  { name: "clock", advice: "Set the clocks by NTP; times of jobs are the manager's.", run: clockSkew },
  {
    name: "directory",
    advice: "Choose another `root:` in hawser.yaml, on a file system that login and compute nodes share.",
    run: directory,
  },
  {
    name: "instance",
    advice: "See `hawser list` and `hawser logs` of its pilot; the executor on which it runs has a doctor of its own.",
    run: instance,
  },
  {
    name: "scheduler",
    advice: "See that the scheduler's commands are on the PATH of a login shell, and that its controller runs.",
    run: async ({ parts }, { session }) => {
      const { version, facts } = await session.ask(parts.scheduler.probe())
      return { detail: [version, ...Object.entries(facts).map(([name, value]) => `${name} ${value}`)].join(", ") }
    },
  },
  {
    name: "accounting",
    advice: withoutAccounting,
    run: accounting,
  },
  { name: "limits", advice: "", run: limits },
  { name: "test job", advice: "See `hawser show` of the job, and scheduler.log in its directory.", run: testJob },
  { name: "visibility", advice: "", run: visibility },
]

/** Runs the checks in order and hands out each line as it is known. Without a connection the others are skipped. */
export async function diagnose(
  fleet: FleetView,
  parts: ExecutorParts,
  onLine: (line: DoctorLine) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly DoctorLine[]> {
  const lines: DoctorLine[] = []
  const tell = (line: DoctorLine): void => {
    lines.push(line)
    onLine(line)
  }
  const patient: Patient = { fleet, parts, signal, live: null }
  tell(await connection(patient))
  for (const check of checks) {
    const line = await examine(patient, check)
    if (line !== null) tell(line)
  }
  return lines
}

async function connection(patient: Patient): Promise<DoctorLine> {
  const { link } = patient.fleet.engine(patient.parts.name).desk
  try {
    link.retryNow()
    patient.live = await link.session(patient.signal)
    return { check: "connection", status: "ok", detail: link.address, advice: null }
  } catch (error) {
    const { summary, reason, advice } = asHawserError(error)
    return {
      check: "connection",
      status: "failed",
      detail: detailOf(summary, reason),
      advice: advice ?? null,
      unreachable: true,
    }
  }
}

async function examine(patient: Patient, { name, run, advice }: Check): Promise<DoctorLine | null> {
  if (name === "instance" && patient.parts.instance === undefined) return null
  if (patient.live === null) return { check: name, status: "skipped", detail: "There is no connection.", advice: null }
  try {
    const finding = await run(patient, patient.live)
    if (finding === null) return { check: name, status: "skipped", detail: "This manager has none.", advice: null }
    return { check: name, status: finding.status ?? "ok", detail: finding.detail, advice: finding.advice ?? null }
  } catch (error) {
    const known = asHawserError(error)
    return {
      check: name,
      status: "failed",
      detail: detailOf(known.summary, known.reason),
      advice: known.advice ?? advice,
    }
  }
}

async function quoting(_: Patient, { session }: Live): Promise<Finding> {
  const back = await session.ask({
    argv: ["printf", "%s\\001", ...awkwardWords],
    parse: ({ stdout }) => stdout.split("\u0001").slice(0, -1),
  })
  const changed = awkwardWords.filter((word, index) => back[index] !== word)
  if (changed.length === 0) return { detail: `${awkwardWords.length} awkward words came back unchanged` }
  throw new HawserError("QUOTING_BROKEN", {
    summary: `Changed on the way: ${changed.map((word) => JSON.stringify(word)).join(" ")}`,
  })
}

async function clockSkew(_: Patient, { clockOffsetMs }: Live): Promise<Finding> {
  // The other side tells whole seconds, so a second is no skew.
  const seconds = Math.round(clockOffsetMs / 1000)
  if (Math.abs(clockOffsetMs) <= skewMsMax) return { detail: `differs by less than ${skewMsMax / 1000} s` }
  return {
    status: "warning",
    detail: `the manager's clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead" : "behind"}`,
    advice: "Set the clocks by NTP.",
  }
}

async function directory(_: Patient, { session, place }: Live): Promise<Finding> {
  const free = await session.ask({
    argv: ["df", "-Pk", place.home],
    timeoutMs: 20_000,
    parse: ({ stdout, stderr, exitCode }) => {
      const kilobytes = Number(stdout.trim().split("\n").at(-1)?.trim().split(/\s+/)[3])
      if (exitCode !== 0 || !Number.isFinite(kilobytes)) {
        throw new HawserError("DF_FAILED", {
          summary: `df could not tell the free space of ${place.home}.`,
          reason: firstLine(stderr),
        })
      }
      return kilobytes
    },
  })
  const gigabytes = (free / 1024 / 1024).toFixed(1)
  if (free > 100 * 1024) return { detail: `${place.home}, ${gigabytes} GiB free` }
  return {
    status: "warning",
    detail: `${place.home} has only ${Math.round(free / 1024)} MiB free`,
    advice: "Make room, or choose another `root:`.",
  }
}

async function accounting({ parts }: Patient, { session, facts }: Live): Promise<Finding | null> {
  const nobody = { token: "hz0000000000000", nativeName: "hz0000000000000", nativeId: "1", directory: "/" }
  const command = parts.scheduler.history([nobody], Math.floor(facts.now / 1000) - 60)
  if (command === null) return null
  const { coverage, trouble } = await session.ask(command)
  if (coverage === "complete") return { detail: "it answers" }
  return { status: "warning", detail: trouble ?? "it answers in part", advice: withoutAccounting }
}

async function limits({ parts }: Patient): Promise<Finding> {
  const { maxQueued, maxSubmitPerMinute, capacity } = parts.limits
  const told = [
    `maxQueued ${maxQueued ?? "unlimited"}`,
    `maxSubmitPerMinute ${maxSubmitPerMinute ?? "unlimited"}`,
    ...(capacity === null
      ? []
      : [
          `${capacity.cores} cores`,
          capacity.memory === null ? "memory not counted" : `${capacity.memory} bytes of memory`,
        ]),
  ]
  return { detail: told.join(", ") }
}

/** A Flux instance of our own is started for this, and answers within the time of a test job. */
async function instance({ fleet, parts, signal }: Patient, { session }: Live): Promise<Finding> {
  const limit = AbortSignal.any([signal, deadline(fleet, testJobMsMax)])
  const late = (): HawserError =>
    new HawserError("INSTANCE_NOT_UP", {
      summary: "Its Flux instance did not come up in time.",
      reason: statusReason(fleet, parts.name),
    })
  const pilot = await fleet.raiseInstance(parts.name, limit).catch(() => Promise.reject(late()))
  for (;;) {
    try {
      await session.ask(parts.scheduler.probe(), limit)
      break
    } catch (error) {
      if (limit.aborted) throw asHawserError(error)
      await fleet.parts.clock.sleep(500, limit).catch(() => undefined)
    }
  }
  const host = pilot.attempts.at(-1)?.host ?? null
  return { detail: `${pilot.key}, ${pilot.state} on ${pilot.executor}${host === null ? "" : `, ${host}`}` }
}

/** What the newest pilot says. */
function statusReason({ parts: { store } }: FleetView, executor: string): string {
  const pilot = [...store.jobs.values()].findLast(({ serves }) => serves === executor)
  if (pilot === undefined) return "No pilot was submitted."
  return `${pilot.key} is ${pilot.state}: ${pilot.waiting ?? pilot.reason ?? "no reason"}`
}

/** The whole way: stage, submit, run, collect. It also shows that a job sees the directory and that we see its files. */
async function testJob({ fleet, parts, signal }: Patient): Promise<Finding> {
  const key = `doctor-${fleet.parts.clock.nonce(5)}`
  const words = ["hawser", "doctor", key]
  const spec = testSpec("hawser-doctor", words)
  const started = fleet.parts.clock.monotonic()
  const [result] = await fleet.submit([{ spec, key, executor: parts.name }])
  if (result === undefined || !result.ok) {
    const error = result?.error
    throw new HawserError("TEST_JOB_REFUSED", {
      summary: error?.summary ?? "The test job was refused.",
      reason: error?.reason ?? undefined,
      advice: error?.advice ?? undefined,
    })
  }
  const limit = AbortSignal.any([signal, deadline(fleet, testJobMsMax)])
  const [job] = await fleet.ended([result.job.id], limit).catch(async () => fleet.cancel([result.job.id]))
  const seconds = ((fleet.parts.clock.monotonic() - started) / 1000).toFixed(1)
  if (job === undefined || job.state !== "completed") {
    const detail = `${job?.state ?? "unknown"}${(job?.cause ?? null) === null ? "" : ` (${job?.cause})`} after ${seconds} s: ${job?.reason ?? "it was still waiting, and was cancelled"}`
    throw new HawserError("TEST_JOB_FAILED", { summary: `The test job did not complete: ${detail}` })
  }
  const stdout = await readFile(job.stdout, "utf8")
  if (stdout !== `${words.join("\n")}\n`)
    throw new HawserError("TEST_JOB_OUTPUT", {
      summary: `The test job's output came back as ${JSON.stringify(stdout)}.`,
    })
  await fleet.prune({ olderThanMs: 0, names: [job.id], local: true, dryRun: false })
  return {
    detail: `${job.nativeId} completed in ${seconds} s on ${job.attempts.at(-1)?.host ?? "?"}, output came back`,
  }
}

/** The test job has shown it, or an earlier one; else nothing that vanishes is ever submitted again. (PROTOCOL 8) */
async function visibility({ fleet, parts }: Patient, { place }: Live): Promise<Finding> {
  if (isShown(fleet.parts.store, parts.name)) return { detail: "what one side makes, the other has seen" }
  return {
    status: "warning",
    detail: `no job has shown yet that what it makes in ${place.home} is seen here, and the other way round`,
    advice: "Choose a `root:` on a file system that login and compute nodes share; until then what vanishes waits.",
  }
}

function deadline(fleet: FleetView, ms: number): AbortSignal {
  const controller = new AbortController()
  void fleet.parts.clock.sleep(ms, controller.signal).then(
    () => controller.abort(),
    () => undefined,
  )
  return controller.signal
}

function detailOf(summary: string, reason: string | undefined): string {
  return reason === undefined ? summary : `${summary} ${reason}`
}
