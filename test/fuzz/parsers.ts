/** Every parser that reads what others have written, as one function from a text to what is wrong with its answer. */
import type { Command, CommandResult } from "../../src/command.ts"
import { parseConfig } from "../../src/config/parseConfig.ts"
import { HawserError } from "../../src/errors.ts"
import { parseMessage } from "../../src/control/protocol.ts"
import { elementsOf, keysIn, parseArray } from "../../src/job/array.ts"
import { hostsIn } from "../../src/job/hostlist.ts"
import { parseSize, parseSpec, parseTimeout, parseWalltime } from "../../src/job/index.ts"
import { decodeLines, encodeLine } from "../../src/persist/line.ts"
import { recordOf } from "../../src/persist/segment.ts"
import { parseGlob } from "../../src/remote/glob.ts"
import { parseRecords } from "../../src/remote/records.ts"
import { submitOnce } from "../../src/remote/submit.ts"
import { fence, hello, listHints, tail } from "../../src/remote/verbs.ts"
import type { Listing, Scheduler } from "../../src/schedulers/index.ts"
import { replyReader } from "../../src/transport/frames.ts"
import { parseKeywords } from "../../src/transport/sshSettings.ts"
import { designNames } from "../config/names.ts"
import type { Sample } from "../schedulers/contract.ts"
import { nativeOf, otherToken, resultOf, submissionOf, token } from "../schedulers/samples.ts"

export interface Parser {
  readonly name: string
  /** What is wrong with the answer; null: nothing. Throws a HawserError for what it refuses. */
  readonly read: (text: string) => string | null
}

const since = 1_795_232_000

/** As an answer that went well, as one that failed, and as one that came with both. */
function answers(text: string): readonly CommandResult[] {
  return [
    resultOf({ stdout: text }),
    resultOf({ exitCode: 1, stderr: text }),
    resultOf({ exitCode: text.length % 256, stdout: text, stderr: text, timedOut: text.length % 7 === 0 }),
  ]
}

export function dialectParsers({ scheduler, nativeId, idsIn }: Sample): readonly Parser[] {
  const natives = [nativeOf(nativeId), nativeOf(null, otherToken)]
  const effects = [
    ...scheduler.cancel(natives, { force: false, owner: 1 }),
    ...(scheduler.hold(natives) ?? []),
    ...(scheduler.release(natives) ?? []),
    ...(scheduler.suspend(natives, { owner: 1 }) ?? []),
    ...(scheduler.resume(natives, { owner: 1 }) ?? []),
  ]
  const questions = {
    queue: [scheduler.queue(natives)],
    history: [scheduler.history(natives, since)].filter((command) => command !== null),
    look: scheduler.look(natives, since),
  }
  return [
    ...Object.entries(questions).flatMap(([name, commands]) =>
      commands.map((command, index) => ({
        name: `${scheduler.name} ${name} ${index}`,
        read: (text: string) =>
          firstTrouble(answers(text), (answer) => inventedIn(parsed(command, answer), answer, natives)),
      })),
    ),
    ...[scheduler.submit(submissionOf()), scheduler.probe(), ...effects.slice(0, 5)].map((command) => ({
      name: command.argv.join(" "),
      read: (text: string) =>
        firstTrouble(answers(text), (answer) => unprintedIdIn(parsed(command, answer), answer, idsIn)),
    })),
    {
      name: `${scheduler.name} classify`,
      read: (text) => firstTrouble(answers(text), (answer) => classified(scheduler, answer)),
    },
  ]
}

function classified(scheduler: Scheduler, answer: CommandResult): null {
  scheduler.classify(answer)
  return null
}

function firstTrouble(
  answers: readonly CommandResult[],
  read: (answer: CommandResult) => string | null,
): string | null {
  for (const answer of answers) {
    const trouble = unlessRefused(() => read(answer))
    if (trouble !== null) return trouble
  }
  return null
}

/** What a parser refuses is an answer; everything else that it throws is not. */
function unlessRefused(read: () => string | null): string | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof HawserError) return null
    throw error
  }
}

function parsed<T>(command: Command<T>, answer: CommandResult): T {
  return command.parse(answer)
}

/** Each token, id and word was printed, tokens are of those that are ours, and what is over has an outcome or none of its own. */
function inventedIn(
  { evidence, coverage }: Listing,
  { stdout }: CommandResult,
  natives: readonly { readonly token: string }[],
): string | null {
  for (const { token: its, nativeId, word, state, outcome } of evidence) {
    if (its !== null && !stdout.includes(its)) return `the token ${its} was not printed`
    if (nativeId !== null && !stdout.includes(idPart(nativeId))) return `the id ${nativeId} was not printed`
    if (!stdout.includes(word)) return `the word ${word} was not printed`
    if (state !== "ended" && outcome !== null) return `${word} is ${state} and has an outcome`
  }
  if (!["complete", "partial", "none"].includes(coverage)) return `the coverage is ${coverage}`
  return natives.length === 0 ? "nothing was asked" : null
}

/**
 * Elements of an array are printed as a range, and a cluster stands elsewhere. Behind the number PBS and Torque have the
 * server, by one name or another: with our token it is the native that was asked for (found by seed 1, `4711.psb`).
 */
function idPart(nativeId: string): string {
  return nativeId.split(/[_;[.]/)[0] ?? nativeId
}

function unprintedIdIn(value: unknown, { stdout, stderr }: CommandResult, idsOf?: Sample["idsIn"]): string | null {
  if (typeof value !== "object" || value === null || !("nativeId" in value)) return null
  const { nativeId } = value
  if (typeof nativeId !== "string" || nativeId === "") return "a submission was accepted without an id"
  const said = `${stdout}\n${stderr}`
  return (idsOf?.(said) ?? said).includes(idPart(nativeId)) ? null : `the id ${nativeId} was not printed`
}

const place = { home: "/home/me/.hawser/s1", owner: 1 }
const inner: Command<{ nativeId: string }> = {
  argv: ["sbatch"],
  parse: ({ stdout }) => ({ nativeId: stdout.trim() }),
}

/** `corpus`: what it reads on good days. */
export const otherParsers: readonly (Parser & { readonly corpus: readonly string[] })[] = [
  {
    name: "walltime, time-out and size",
    corpus: ["90", "1:30:00", "1-12", "2h30m", "1-02:03:04", "4G", "512MiB", "1.5T", "700s"],
    read: (text) => {
      for (const reading of [parseWalltime(text), parseTimeout(text), parseSize(text)]) {
        if (reading.ok && !(Number.isFinite(reading.value) && reading.value >= 0) && reading.value !== -1)
          return `it is ${reading.value}`
      }
      return null
    },
  },
  {
    name: "arrays and lists of hosts",
    corpus: ["0-9%2", "1,3,8-20:4", "n[08-11,3],login", "row[0-1]_rack[2-3]", "relax[0-9]", "n[1-99999999]"],
    read: (text) => {
      const array = parseArray(text)
      if (array.ok && array.value.indices.some((index) => !Number.isSafeInteger(index) || index < 0))
        return `an index is ${array.value.indices.find((index) => !Number.isSafeInteger(index) || index < 0)}`
      if (keysIn(text).length === 0) return "a name stands for nothing"
      const elements = elementsOf({ command: ["a"], after: [text], array: text }, { freshKey: () => "k" })
      if (elements?.ok !== array.ok) return "as an array of jobs it is something else"
      return (hostsIn(text) ?? []).length > 65_536 ? "it is more hosts than there may be" : null
    },
  },
  {
    name: "spec",
    corpus: [
      '{"key":"relax/Al","command":["./relax","Al"],"inputs":["relax",{"from":"data/Al.in","to":"in.dat"}],"outputs":["*.out","log/**"]}',
      '{"script":"#!/bin/sh\\ntrue\\n","env":{"A":"1","B":{"fromEnv":"B"}},"resources":{"nodes":2,"tasks":4,"memory":"4G","walltime":"30m"}}',
      '{"command":["true"],"retry":{"maxAttempts":2,"on":["node-failure",{"exitCode":[1]}],"backoff":"10s"},"signal":{"name":"USR1","before":"1m"}}',
    ],
    read: (text) => {
      const said = jsonOf(text)
      const reading = parseSpec(said, { base: "/work", home: "/home/me" })
      if (!reading.ok) return reading.problems.length > 0 ? null : "it is wrong, and nothing says why"
      return null
    },
  },
  {
    name: "config",
    corpus: [
      "executors:\n  hpc:\n    scheduler: slurm\n    host: login.example.org\n    limits: {maxQueued: 500, minPollSeconds: 2}\n    defaults: {queue: batch, walltime: 10m}\n",
      "default: local\nexecutors:\n  local: {scheduler: process, cores: 2, memory: 4G}\n  pod: {scheduler: process, transport: {command: [kubectl, exec, -i, pod, --, sh]}}\n",
    ],
    read: (text) => {
      parseConfig(text, { file: "/work/hawser.yaml", home: "/home/me", names: designNames })
      return null
    },
  },
  {
    name: "messages of the socket",
    corpus: [
      '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":3,"version":"0.1.0"}}',
      '{"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"No.","data":{"name":"UsageError","code":"X","class":"rejected","summary":"No.","reason":null,"advice":null}}}',
      '{"jsonrpc":"2.0","method":"event","params":{"id":3,"events":[]}}',
    ],
    read: (text) => {
      const message = parseMessage(text)
      return message === null || ["call", "result", "error"].includes(message.kind) ? null : "it is no message"
    },
  },
  {
    name: "journal",
    corpus: ['{"seq":1,"at":1,"type":"note","job":"a","text":"n"}', '{"claim":{"format":1,"epoch":1}}'].map(encodeLine),
    read: (text) => {
      for (const { value } of decodeLines(Buffer.from(text))) recordOf(value)
      return null
    },
  },
  {
    name: "records of the wrapper",
    corpus: [
      `job ${token}\nlrwxrwxrwx 1 me me 9 Jan 1 00:00 ${token}/guard.0 -> native:4711:0:abc\n`,
      `job ${token}\nstarted ${token} 0\nnative 4711\nhost n1\npid 99\nat 1700000000\nend\n`,
      `exit ${token} 0\nnative 4711\ncode 143\nsignal TERM\nwrapper TERM\nstarted 1700000000\nended 1700000009\nmemory 1048576\noutput 3 a b\nend\n`,
    ],
    read: (text) => {
      for (const { token: its } of parseRecords(text, [token])) if (its !== token) return `${its} was not asked for`
      return null
    },
  },
  {
    name: "verbs",
    corpus: [
      "home /home/me/.hawser/s1\nmachine m\nend\n",
      "won owner\nend\n",
      "abc.0\nend\n",
      "submit answered 4711\nend\n",
    ],
    read: (text) =>
      firstTrouble(answers(text), (answer) => {
        for (const command of [
          hello("~/.hawser", "s1"),
          fence(place, token, "revoked:1:x", 0),
          listHints(place.home),
          tail(place.home, token, "stdout", 0, 100),
        ] as readonly Command<unknown>[])
          unlessRefused(() => unprintedIdIn(command.parse(answer), answer))
        submitOnce(place, token, 1, inner).parse(answer)
        return null
      }),
  },
  {
    name: "frames",
    corpus: ["hz-n-1 begin\nhz-n-1 reply 0 3\nabc\nhz-n-1 end\n", "motd\nhz-n-2 toolong 0 99\n"],
    read: (text) => {
      const replies: unknown[] = []
      const read = replyReader("hz-n-", {
        begin: () => undefined,
        reply: (_sequence, { body }) => void replies.push(body),
        broken: () => undefined,
      })
      const bytes = Buffer.from(text)
      const middle = Math.floor(bytes.length / 2)
      read(bytes.subarray(0, middle))
      read(bytes.subarray(middle))
      return replies.every((body) => typeof body === "number" || bytes.includes(body as Buffer))
        ? null
        : "a reply was not sent"
    },
  },
  {
    name: "globs and the settings of ssh",
    corpus: [
      "*.out",
      "log/**",
      "a[!b-c]?",
      "hostname login\nport 22\nidentityfile ~/.ssh/id_ed25519\nproxyjump none\n",
    ],
    read: (text) => {
      parseKeywords(text)
      parseGlob(text)
      return null
    },
  },
]

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
