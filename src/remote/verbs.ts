/** Commands that call the verbs on the other side, each with the parser of its answer. */
import type { Command } from "../command.ts"
import { HawserError, UsageError } from "../errors.ts"
import { answerLines, assertAnswered, verbExit } from "./answer.ts"
import type { HostFacts, Place } from "./layout.ts"

/** Makes our home, `<root>/<name>` (`homeName`), and says where we are. `root` may start with `~/`. */
export function hello(root: string, name: string): Command<HostFacts> {
  return {
    argv: ["hz_hello", root, name],
    parse: (result) => {
      const facts = fieldsOf(answerLines(result, "question", "The first look at the root"))
      const [seconds = "", utcOffset = ""] = fact(facts, "now").split(" ")
      return {
        home: fact(facts, "home"),
        hostname: fact(facts, "hostname"),
        user: fact(facts, "user"),
        machine: fact(facts, "machine"),
        boot: fact(facts, "boot"),
        now: numberOf(seconds) * 1000,
        utcOffset,
        owner: numberOf(fact(facts, "owner")),
        holder: facts.get("holder") ?? null,
      }
    },
  }
}

/**
 * Takes owner number `place.owner`, which must be one above the highest. Asked again with the same `text` (a nonce of
 * this session), the answer is the same.
 */
export function takeOwner(place: Place, text: string): Command<{ readonly won: boolean; readonly highest: number }> {
  return {
    argv: ["hz_own", place.home, String(place.owner), text],
    parse: (result) => {
      const [, won, highest] = words(answerLines(result, "effect", "Taking over the root"), "own")
      return { won: won === "won", highest: numberOf(highest) }
    },
  }
}

/** The same command with an effect, which is not run if a higher owner number than ours exists (PROTOCOL 26). */
export function asOwner<T>(place: Place, command: Command<T>): Command<T> {
  return {
    ...command,
    argv: ["hz_effect", place.home, String(place.owner), ...command.argv],
    parse: (result) => {
      const isOurs = result.exitCode === verbExit.superseded || result.exitCode === verbExit.homeMissing
      if (isOurs) assertAnswered(result, "effect", "An effect")
      return command.parse(result)
    },
  }
}

/** The names in events/: `<token>.<start>`. */
export function listHints(home: string): Command<readonly string[]> {
  return {
    argv: ["hz_hints", home],
    parse: (result) => answerLines(result, "question", "Listing the hints"),
  }
}

/** Removes hints that were seen; before the records are read, so that a newer one stays. */
export function clearHints(home: string, names: readonly string[]): Command<void> {
  return {
    argv: ["hz_clear_hints", home, ...names],
    parse: (result) => assertAnswered(result, "effect", "Clearing the hints"),
  }
}

/**
 * Takes the guard of an attempt, so that its native never runs the payload from now on. `text`:
 * `revoked:EPOCH:NONCE`; found there, it is a win. `start`: the restart count that the manager shows; `first`: only the
 * guard of the first start, so that it is won only where nothing has started ever. Not won: `owner`
 * is who holds the guard of that start, and has started or was about to. Throws JOB_DIRECTORY_MISSING or, where it was
 * there and `remove` has removed it, JOB_DIRECTORY_REMOVED (class gone): there is nothing to fence, since without its
 * directory no wrapper runs a payload.
 */
export function fence(
  place: Place,
  token: string,
  text: string,
  start: number | "first" = 0,
): Command<{ readonly won: boolean; readonly owner: string }> {
  return {
    argv: ["hz_fence", place.home, String(place.owner), token, text, String(start)],
    parse: (result) => {
      const lines = answerLines(result, "effect", "Fencing")
      if (lines[0] === "missing" || lines[0] === "removed") {
        throw new HawserError(lines[0] === "missing" ? "JOB_DIRECTORY_MISSING" : "JOB_DIRECTORY_REMOVED", {
          summary: `The job directory of ${token} is not on the manager's host.`,
          class: "gone",
        })
      }
      const [, won, owner = ""] = words(lines, "fence")
      return { won: won === "won", owner }
    },
  }
}

/**
 * Removes the job directories of these tokens, none of which can be staged again; what is not there is no failure. Can be
 * asked again after any failure.
 */
export function remove(place: Place, tokens: readonly string[]): Command<void> {
  return {
    argv: ["hz_remove", place.home, String(place.owner), ...tokens],
    parse: (result) => {
      answerLines(result, "effect", "Removing job directories")
    },
  }
}

export interface Tail {
  /** Of the whole file; 0 if it is not there. */
  readonly size: number
  /** Where `data` starts. */
  readonly offset: number
  readonly data: Buffer
}

/** At most `max` bytes of a file of the job (`stdout`, `work/log`) from `offset` on; a negative offset counts from its end. */
export function tail(home: string, token: string, name: string, offset: number, max: number): Command<Tail> {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(max) || max < 1) {
    throw new UsageError("TAIL_INVALID", { summary: `${max} bytes from ${offset} can't be read.` })
  }
  return {
    argv: ["hz_tail", home, token, name, String(offset), String(max)],
    parse: (result) => {
      const [head = "", ...hex] = answerLines(result, "question", "Reading a file")
      const [, size, start] = words([head], "size")
      return {
        size: numberOf(size),
        offset: numberOf(start),
        data: Buffer.from(hex.join("").replaceAll(" ", ""), "hex"),
      }
    },
  }
}

/** The words of the first line, which starts with `verb`. */
function words(lines: readonly string[], verb: string): readonly string[] {
  const found = lines[0]?.split(" ") ?? []
  if (found[0] !== verb) throw unreadable(lines[0])
  return found
}

function fieldsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.map((line) => {
      const blank = line.indexOf(" ")
      return [line.slice(0, blank), line.slice(blank + 1)]
    }),
  )
}

function fact(facts: ReadonlyMap<string, string>, name: string): string {
  const value = facts.get(name)
  if (value === undefined || value === "") throw unreadable(`no ${name}`)
  return value
}

function numberOf(word: string | undefined): number {
  if (word === undefined || !/^\d{1,15}$/.test(word)) throw unreadable(word)
  return Number(word)
}

function unreadable(text: string | undefined): HawserError {
  return new HawserError("REMOTE_UNREADABLE", {
    summary: "An answer of the manager's host can't be read.",
    reason: text,
    class: "transient",
  })
}
