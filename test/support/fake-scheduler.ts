/** The dialect of fake-manager.sh, and what a test can do to that manager. */
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Command, CommandResult } from "../../src/command.ts"
import { type ErrorClass, SchedulerError } from "../../src/errors.ts"
import type { Evidence, Outcome, Wish } from "../../src/job/index.ts"
import { type Listing, type Native, type Scheduler, tokenOf } from "../../src/schedulers/scheduler.ts"

const program = fileURLToPath(new URL("fake-manager.sh", import.meta.url))

type SubmitFault = "connect" | "limit" | "rejected" | "lost-before" | "lost-after" | "double"
/** `empty`: nothing at all, and exit code 0. `none`: a whole answer that names nothing. */
type ListFault = "down" | "empty" | "garbage" | "none"

export interface FakeNative {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly code: string | null
  readonly word: string | null
}

export class FakeManager {
  readonly state: string

  constructor(state: string) {
    this.state = state
    mkdirSync(join(state, "natives"), { recursive: true })
  }

  fault(verb: "submit", kind: SubmitFault | null, often?: "once" | "always"): void
  fault(verb: "list" | "history", kind: ListFault | null, often?: "once" | "always"): void
  fault(verb: "cancel", kind: "down" | null, often?: "once" | "always"): void
  fault(verb: Wish, kind: "connect" | "rejected" | "lost-after" | null, often?: "once" | "always"): void
  fault(verb: string, kind: string | null, often: "once" | "always" = "once"): void {
    const path = join(this.state, `fault.${verb}`)
    if (kind === null) rmSync(path, { force: true })
    else writeFileSync(path, `${often} ${kind}\n`)
  }

  /** Natives stay queued from now on. */
  pause(): void {
    writeFileSync(join(this.state, "paused"), "")
  }

  /** Natives that were queued start, and all later ones. */
  resume(): void {
    rmSync(join(this.state, "paused"), { force: true })
    for (const { id, state } of this.natives()) if (state === "queued") this.start(id)
  }

  start(id: string): void {
    spawn("sh", [program, this.state, "run", id], { detached: true, stdio: "ignore", cwd: "/" }).unref()
  }

  /** Ends what runs of it and starts it again, as after a preemption. */
  requeue(id: string): void {
    writeFileSync(join(this.state, "natives", id, "requeue"), "1\n")
    process.kill(this.group(id) ?? 0, "SIGTERM")
  }

  /** What it calls the end of a native that runs, some time after that has come. */
  call(id: string, word: "OUT_OF_MEMORY" | "NODE_FAIL"): void {
    writeFileSync(join(this.state, "natives", id, "epilog"), "0.5\n")
    writeFileSync(join(this.state, "natives", id, "word"), `${word}\n`)
  }

  /** A native of this name and script as a manager has it that answers to nobody: queued, unseen until now. */
  turnUp(name: string, script: string): string {
    const id = String(9000 + this.natives().length)
    mkdirSync(join(this.state, "natives", id))
    for (const [key, text] of Object.entries({ name, script, submit: `${id}.late`, state: "queued" })) {
      writeFileSync(join(this.state, "natives", id, key), `${text}\n`)
    }
    return id
  }

  /** It was never there; what runs goes on. */
  forget(id: string): void {
    const folder = join(this.state, "natives", id)
    // At once: the one that runs it may be writing there.
    renameSync(folder, `${folder}.forgotten`)
    renameSync(`${folder}.forgotten`, join(this.state, `forgotten.${id}.${Date.now()}`))
  }

  /** The next native gets this id. */
  next(id: string): void {
    writeFileSync(join(this.state, "next"), `${id}\n`)
  }

  natives(): FakeNative[] {
    return readdirSync(join(this.state, "natives")).map((id) => {
      const read = (key: string): string | null => {
        const path = join(this.state, "natives", id, key)
        return existsSync(path) ? readFileSync(path, "utf8").trim() : null
      }
      return { id, name: read("name") ?? "", state: read("state") ?? "", code: read("code"), word: read("word") }
    })
  }

  /** How often a command of this verb was run. */
  calls(verb: string): number {
    const path = join(this.state, "calls")
    if (!existsSync(path)) return 0
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.startsWith(`${verb} `)).length
  }

  /** The process group of a native that runs. */
  group(id: string): number | null {
    const path = join(this.state, "natives", id, "pid")
    return existsSync(path) ? Number(readFileSync(path, "utf8")) : null
  }
}

export function fakeScheduler({ state }: FakeManager): Scheduler {
  const argv = (...words: readonly string[]): readonly string[] => ["/bin/sh", program, state, ...words]
  const listing = (verb: "list" | "history"): Command<Listing> => ({
    argv: argv(verb, "-"),
    timeoutMs: 60_000,
    parse: (result) => readListing(result, verb === "list" ? "queue" : "accounting"),
  })
  const effect =
    (verb: Wish, ...more: readonly string[]) =>
    ({ nativeId, nativeName }: Native): Command<void> => ({
      argv: argv(verb, nativeId ?? "-", nativeName, ...more),
      timeoutMs: 60_000,
      parse: (result) => {
        if (result.exitCode !== 0) throw failed(result, classes[result.exitCode] ?? "in-doubt")
      },
    })
  return {
    name: "fake",
    features: { accounting: true, hold: true, suspend: true, arrays: false, requeue: true, countsResources: false },
    foreignVariables: ["FAKE_*"],
    jobVariables: { nativeId: "FAKE_ID", restarts: "FAKE_RESTARTS" },
    nativeNameMax: 60,
    directives: () => [],
    submit: ({ nativeName, script }) => ({
      argv: argv("submit", nativeName, script),
      timeoutMs: 60_000,
      parse: (result) => {
        const [, nativeId, submitTime = null] = /^taken (\d+) (\S+)$/m.exec(result.stdout) ?? []
        if (nativeId === undefined) throw failed(result, classes[result.exitCode] ?? "in-doubt")
        return { nativeId, submitTime }
      },
    }),
    queue: () => listing("list"),
    history: () => listing("history"),
    look: () => [listing("list"), listing("history")],
    cancel: (natives: readonly Native[], { force }) =>
      natives.map(({ nativeId, nativeName }) => ({
        argv: argv("cancel", nativeId ?? "-", nativeName, force ? "KILL" : "TERM"),
        timeoutMs: 60_000,
        parse: (result) => {
          if (result.exitCode !== 0) throw failed(result, "transient")
        },
      })),
    hold: (natives) => natives.map(effect("hold")),
    release: (natives) => natives.map(effect("release")),
    suspend: (natives) => natives.map(effect("suspend")),
    resume: (natives) => natives.map(effect("resume")),
    requeue: (native, restarts) => [effect("requeue", String(restarts))(native)],
    probe: () => ({
      argv: argv("list", "-"),
      parse: (result) => {
        readListing(result, "queue")
        return { version: "fake 1", facts: {} }
      },
    }),
    classify: (result) => classes[result.exitCode] ?? "transient",
  }
}

const classes: Readonly<Record<number, ErrorClass>> = { 3: "transient", 4: "limit", 5: "rejected", 75: "in-doubt" }

function readListing(result: CommandResult, source: "queue" | "accounting"): Listing {
  if (result.exitCode !== 0) throw failed(result, classes[result.exitCode] ?? "transient")
  const lines = result.stdout.split("\n").filter((line) => line !== "")
  const isWhole = lines.at(-1) === "end"
  const records = lines.filter((line) => line !== "end").map((line) => ({ line, words: line.split(" ") }))
  const unread = records.filter(({ words }) => words.length !== 7).map(({ line }) => line)
  const evidence = records.flatMap(({ words }) => (words.length === 7 ? evidenceOf(words, source) : []))
  return isWhole && unread.length === 0
    ? { evidence, unread, coverage: "complete", trouble: null }
    : { evidence, unread, coverage: "partial", trouble: unread[0] ?? "The list was cut short." }
}

function evidenceOf(words: readonly string[], source: "queue" | "accounting"): Evidence[] {
  const [nativeId = "", state = "", word = "", code = "", submitTime = "", restarts = "", name = ""] = words
  const token = tokenOf(name)
  if (token === null) return []
  const told = { source, token, nativeId, seenAt: 0, submitTime, restarts: Number(restarts), host: null, reason: null }
  const times = { startedAt: null, endedAt: null }
  if (state === "queued" || state === "held" || state === "running" || state === "suspended")
    return [{ ...told, ...times, word: state, state, outcome: null }]
  return [{ ...told, ...times, word, state: "ended", outcome: outcomeOf(word, code) }]
}

function outcomeOf(word: string, code: string): Outcome {
  if (word === "CANCELLED") return { state: "cancelled", cause: null, exitCode: null, signal: null }
  if (code === "0") return { state: "completed", cause: null, exitCode: 0, signal: null }
  if (word === "OUT_OF_MEMORY") return { state: "failed", cause: "out-of-memory", exitCode: null, signal: null }
  if (word === "NODE_FAIL") return { state: "failed", cause: "node-failure", exitCode: null, signal: null }
  return { state: "failed", cause: "exit", exitCode: Number(code), signal: null }
}

function failed(result: CommandResult, kind: ErrorClass): SchedulerError {
  return new SchedulerError("FAKE_FAILED", {
    summary: "The fake manager failed.",
    reason: result.stderr.trim() || `exit code ${result.exitCode}`,
    class: kind,
  })
}
