/** The verbs of `remote/*.sh` over a virtual home: the same answers, letter for letter where we read them. */
import type { CommandResult } from "../command.ts"
import { verbExit } from "../remote/answer.ts"
import { Home, type JobFolder, type ResultFile, jobFolder, seen, takeGuard, wasStopped } from "./home.ts"
import type { Strike } from "./strikes.ts"

/** What a verb sees of the host that it runs on. */
export interface VerbHost {
  readonly homes: Map<string, Home>
  /** ms on the timeline. */
  now(): number
  /** Seconds since 1970, as `date` has it there. */
  seconds(): number
  /** When a file that was made here shows on compute nodes. */
  seenOnNodesAt(): number
  /** A program of the host. */
  run(argv: readonly string[]): Promise<CommandResult>
  strike(strike: Strike): void
  onRemoved(token: string): void
}

/** A verb that ends early, with its exit code. */
class VerbEnd extends Error {
  readonly code: number

  constructor(code: number, why: string) {
    super(why)
    this.code = code
  }
}

export async function runVerb(host: VerbHost, argv: readonly string[]): Promise<CommandResult> {
  const [name = "", ...rest] = argv
  const verb = verbs[name]
  if (verb === undefined) return failed(127, `sh: ${name}: not found`)
  try {
    const done = await verb(host, rest)
    return typeof done === "string" ? { exitCode: 0, stdout: done, stderr: "", timedOut: false } : done
  } catch (error) {
    if (error instanceof VerbEnd) return failed(error.code, error.message)
    throw error
  }
}

type Verb = (host: VerbHost, words: readonly string[]) => string | CommandResult | Promise<string | CommandResult>

const verbs: Readonly<Record<string, Verb>> = {
  hz_hello: hello,
  hz_own: own,
  hz_effect: effect,
  hz_records: records,
  hz_hints: hints,
  hz_clear_hints: clearHints,
  hz_fence: fence,
  hz_submit: submit,
  hz_remove: remove,
}

function hello(host: VerbHost, [root = "", name = ""]: readonly string[]): string {
  const path = `${root.replace(/^~/, "/home/me").replace(/\/+$/, "")}/${name}`
  const home = host.homes.get(path) ?? new Home(path)
  host.homes.set(path, home)
  const facts = ["hostname login1", "user me", "machine m1", "boot b1", `now ${host.seconds()} +0000`]
  const holder = home.owners.get(home.highestOwner)
  const owner = [`owner ${home.highestOwner}`, ...(holder === undefined ? [] : [`holder ${holder}`])]
  return lines([`home ${path}`, ...facts, ...owner, "end"])
}

function own(host: VerbHost, [path = "", number = "", text = ""]: readonly string[]): string {
  const home = at(host, path)
  const wanted = Number(number)
  if (wanted === home.highestOwner + 1) home.owners.set(wanted, text)
  const highest = home.highestOwner
  const won = highest === wanted && home.owners.get(wanted) === text
  if (won) for (const older of home.owners.keys()) if (older < highest - 1) home.owners.delete(older)
  return lines([`own ${won ? "won" : "lost"} ${highest}`, "end"])
}

async function effect(host: VerbHost, [path = "", owner = "", ...argv]: readonly string[]): Promise<CommandResult> {
  may(host, path, owner)
  return host.run(argv)
}

function records(host: VerbHost, [path = "", ...tokens]: readonly string[]): string {
  const home = at(host, path)
  const [heads, guards, texts]: [string[], string[], string[]] = [[], [], []]
  for (const token of tokens) {
    const folder = home.jobs.get(token)
    if (folder === undefined) continue
    heads.push(`job ${token}`)
    const made = [...folder.guards.values(), ...folder.started.values(), ...folder.exits.values()]
    if (made.some(({ seenAt }) => seenAt > host.now())) host.strike("a file shows late")
    for (const [start, owner] of seen(folder.guards, host.now()))
      guards.push(`lrwxrwxrwx 1 me me 20 Jan  1 00:00 ${token}/guard.${start} -> ${owner}`)
    for (const [, text] of [...seen(folder.exits, host.now()), ...seen(folder.started, host.now())]) texts.push(text)
  }
  return `${lines([...heads, ...guards])}${texts.join("")}\nrecords end\n`
}

function hints(host: VerbHost, [path = ""]: readonly string[]): string {
  const names = [...at(host, path).events].filter(([, seenAt]) => seenAt <= host.now())
  return lines([...names.map(([name]) => name).sort(), "end"])
}

function clearHints(host: VerbHost, [path = "", ...names]: readonly string[]): string {
  const home = at(host, path)
  for (const name of names) home.events.delete(name)
  return ""
}

function fence(host: VerbHost, words: readonly string[]): string {
  const [path = "", owner = "", token = "", text = "", from = "0"] = words
  const home = may(host, path, owner)
  const folder = home.jobs.get(token)
  if (folder === undefined) return lines([home.removed.has(token) ? "removed" : "missing", "end"])
  let start = 0
  while (from !== "first" && start < Number(from) && folder.guards.has(start)) start += 1
  for (;;) {
    const holder = takeGuard(folder, start, text, host.now())
    if (holder === text) return lines([`fence won ${text}`, "end"])
    if (from === "first" || !wasInterrupted(folder, start, host.now())) return lines([`fence lost ${holder}`, "end"])
    start += 1
  }
}

/** Whether the record of this start is whole and its native was stopped, or may have been. */
function wasInterrupted(folder: JobFolder, start: number, now: number): boolean {
  const record = folder.exits.get(start)
  return record !== undefined && record.seenAt <= now && wasStopped(record.value)
}

/** How long one submission may follow another. */
const severalMs = 5_000

/** What stands in the words of hz_submit behind its owner, one for each. */
export function submissionsOf(words: readonly string[]): readonly (readonly string[])[] {
  const all: (readonly string[])[] = []
  for (let at = 0; at < words.length;) {
    const end = at + 1 + Number(words[at])
    all.push(words.slice(at + 1, end))
    at = end
  }
  return all
}

async function submit(host: VerbHost, words: readonly string[]): Promise<CommandResult> {
  const [path = "", owner = "", ...rest] = words
  const until = host.now() + severalMs
  let stdout = ""
  let goes = true
  try {
    for (const one of submissionsOf(rest)) {
      const said: string = goes ? await submitOne(host, path, owner, one) : lines(["held", "end"])
      stdout += said
      goes = goes && /^(answered \d 0|guarded|missing)\b/.test(said) && host.now() < until
    }
    return { exitCode: 0, stdout, stderr: "", timedOut: false }
  } catch (error) {
    // What was said before stands.
    if (error instanceof VerbEnd) return { ...failed(error.code, error.message), stdout }
    throw error
  }
}

async function submitOne(host: VerbHost, path: string, owner: string, words: readonly string[]): Promise<string> {
  const [token = "", number = "", ...argv] = words
  const home = may(host, path, owner)
  const folder = home.jobs.get(token)
  const tried = Number(number)
  if (folder === undefined) return lines(["missing", "end"])
  if (folder.locks.has(tried)) return answered(folder, tried, true)
  const holder = folder.guards.get(0)
  if (holder !== undefined) return lines([`guarded ${holder.value}`, "end"])
  if (tried > 1 && !folder.answers.has(tried - 1)) return lines(["in-doubt", "end"])
  if (home.isFull) {
    host.strike("remote disk is full")
    throw new VerbEnd(verbExit.failed, "")
  }
  folder.locks.set(tried, "")
  const { exitCode, stdout, stderr } = await host.run(argv)
  folder.locks.set(tried, stderr)
  // No room for its mark: it is not whole.
  if (!home.isFull) folder.answers.set(tried, { code: exitCode, stdout })
  return answered(folder, tried, false)
}

function answered(folder: JobFolder, tried: number, repeated: boolean): string {
  const answer = folder.answers.get(tried)
  if (answer === undefined) return lines(["in-doubt", "end"])
  const [stdout, rest] = cutLast(answer.stdout)
  const [stderr, last] = cutLast(folder.locks.get(tried) ?? "")
  return lines([
    `answered ${repeated ? 1 : 0} ${answer.code}`,
    ...stdout.map((line) => `o ${line}`),
    ...(rest === "" ? [] : [`O ${rest}`]),
    ...stderr.map((line) => `e ${line}`),
    ...(last === "" ? [] : [`e ${last}`]),
    "end",
  ])
}

/** The whole lines, and what stands behind the last line break. */
function cutLast(text: string): [string[], string] {
  const all = text.split("\n")
  return [all.slice(0, -1), all.at(-1) ?? ""]
}

function remove(host: VerbHost, [path = "", owner = "", ...tokens]: readonly string[]): string {
  const home = may(host, path, owner)
  for (const token of tokens) {
    home.jobs.delete(token)
    home.removed.add(token)
    host.onRemoved(token)
  }
  return lines(["end"])
}

/** What a tar stream of job directories holds, by token. */
export interface Staged {
  readonly folders: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Names the end marker that came; null: none did. */
  readonly end: string | null
}

/** `hz_stage`: exit code 91 for a stream without its end marker, as the verb says it. */
export function stage(host: VerbHost, argv: readonly string[], staged: Staged): CommandResult {
  const [, path = "", owner = "", nonce = ""] = argv
  try {
    const home = may(host, path, owner)
    if (home.isFull) {
      host.strike("remote disk is full")
      return failed(verbExit.failed, "tar: stage: Cannot write: No space left on device")
    }
    if (staged.end !== nonce) return failed(91, "")
    const said = [...staged.folders].map(([token, files]) => {
      if (home.removed.has(token)) return `removed ${token}`
      const standing = home.jobs.get(token)
      if (standing === undefined) {
        home.jobs.set(token, jobFolder(files, host.seenOnNodesAt()))
        return `staged ${token}`
      }
      return `${standing.files.get("token") === files.get("token") ? "exists" : "conflict"} ${token}`
    })
    return { exitCode: 0, stdout: lines([...said, "end"]), stderr: "", timedOut: false }
  } catch (error) {
    if (error instanceof VerbEnd) return failed(error.code, error.message)
    throw error
  }
}

/** `hz_collect`: what this host sees of the results of each job. What was changed elsewhere shows half, or not yet. */
export function collect(host: VerbHost, argv: readonly string[]): ReadonlyMap<string, readonly ResultFile[]> {
  const [, path = "", ...tokens] = argv
  const home = host.homes.get(path)
  const jobs = new Map<string, readonly ResultFile[]>()
  for (const token of tokens) {
    const folder = home?.jobs.get(token)
    if (folder === undefined) continue
    const files = [...folder.work].flatMap(([name, { value, seenAt }]): ResultFile[] => {
      if (seenAt <= host.now()) return [{ name, text: value }]
      host.strike("outputs show late")
      return Math.floor(seenAt) % 2 === 0 ? [] : [{ name, text: value.slice(0, value.length >> 1) }]
    })
    jobs.set(token, files)
  }
  return jobs
}

function at(host: VerbHost, path: string): Home {
  const home = host.homes.get(path)
  if (home === undefined) throw new VerbEnd(verbExit.homeMissing, `${path}/jobs is not there`)
  return home
}

function may(host: VerbHost, path: string, owner: string): Home {
  const home = at(host, path)
  if (home.highestOwner > Number(owner))
    throw new VerbEnd(verbExit.superseded, `superseded by owner ${home.highestOwner}`)
  return home
}

function failed(exitCode: number, stderr: string): CommandResult {
  return { exitCode, stdout: "", stderr: stderr === "" ? "" : `${stderr}\n`, timedOut: false }
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("")
}
