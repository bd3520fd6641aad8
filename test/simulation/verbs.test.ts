/** The virtual verbs and wrapper against the real ones: the same random sequences give the same answers. */
import { spawnSync } from "node:child_process"
import { expect, test } from "vitest"
import type { CommandResult } from "../../src/command.ts"
import { packJobs } from "../../src/remote/pack.ts"
import { parseRecords } from "../../src/remote/records.ts"
import { prelude } from "../../src/remote/prelude.ts"
import { shellText } from "../../src/remote/shellText.ts"
import { readArchive } from "../../src/testing/archive.ts"
import { Dice } from "../../src/testing/dice.ts"
import { Home as VirtualHome } from "../../src/testing/home.ts"
import { Timeline } from "../../src/testing/timeline.ts"
import { type VerbHost, runVerb, stage } from "../../src/testing/verbs.ts"
import { NodeProcess, runWrapper } from "../../src/testing/wrapper.ts"
import { Home } from "../support/remote.ts"

const tokens = ["hzaaaaaaaaaaaaa", "hzbbbbbbbbbbbbb"] as const
const text = `${shellText(["facts.sh"])}${prelude()}"$@"`

/** What is submitted, and what it answers. */
const submissions = [
  { script: "echo 4711", exitCode: 0, stdout: "4711\n", stderr: "" },
  { script: "printf 4711", exitCode: 0, stdout: "4711", stderr: "" },
  { script: "echo 'no\nno' >&2; exit 1", exitCode: 1, stdout: "", stderr: "no\nno\n" },
  { script: "exit 3", exitCode: 3, stdout: "", stderr: "" },
] as const

class Pair {
  readonly real = new Home()
  readonly #timeline = new Timeline()
  readonly #host: VerbHost

  constructor() {
    this.#host = {
      homes: new Map([[this.path, new VirtualHome(this.path)]]),
      now: () => this.#timeline.now,
      seconds: () => 0,
      seenOnNodesAt: () => 0,
      strike: () => undefined,
      onRemoved: () => undefined,
      run: ([, , script]) => {
        const found = submissions.find((one) => one.script === script)!
        return Promise.resolve({ ...found, timedOut: false })
      },
    }
  }

  get path(): string {
    return this.real.path
  }

  async verb(argv: readonly string[]): Promise<{ real: CommandResult; virtual: CommandResult }> {
    return { real: this.#spawn(argv), virtual: await runVerb(this.#host, argv) }
  }

  async stage(owner: number, nonce: string, token: string, hash: string, end = nonce): ReturnType<Pair["verb"]> {
    const files = [
      { name: "token", mode: 0o600, text: `${token}\n${hash}\n` },
      { name: "payload.sh", mode: 0o700, text: "exit 3\n" },
      { name: "patterns.sh", mode: 0o600, text: "set --\n" },
    ]
    const pack = () => packJobs([{ token, files, inputs: [] }], { nonce: end, programs: [], now: 0 })
    const parts: Buffer[] = []
    for await (const part of pack()) parts.push(part as Buffer)
    const argv = ["hz_stage", this.path, String(owner), nonce]
    return {
      real: this.#spawn(argv, Buffer.concat(parts)),
      virtual: stage(this.#host, argv, await readArchive(pack())),
    }
  }

  /** A native's script from its start to its end; the codes with which both wrappers end. */
  async wrapper(token: string, nativeId: string, start: number): Promise<{ real: number | null; virtual: number }> {
    const { status } = spawnSync("sh", [this.real.wrapper, this.path, token, nativeId, String(start)])
    let end: number | null = null
    const timeline = this.#timeline
    void runWrapper({
      timeline,
      process: new NodeProcess(timeline),
      home: this.#host.homes.get(this.path) ?? null,
      token,
      nativeId,
      start,
      nonce: String(timeline.now),
      seconds: () => 0,
      lagMs: () => 0,
      pauseMs: () => 1,
      strike: () => undefined,
      onHindered: () => undefined,
      behaviour: () => ({ seconds: 1, exitCode: 3, ignoresTerm: false }),
      onRun: () => undefined,
      isGuarded: true,
    }).then((code) => (end = code))
    while (end === null && (await timeline.step(Infinity)));
    return { real: status, virtual: end ?? -1 }
  }

  [Symbol.dispose](): void {
    this.real[Symbol.dispose]()
  }

  #spawn(argv: readonly string[], input: Buffer = Buffer.alloc(0)): CommandResult {
    const { status, stdout, stderr } = spawnSync("sh", ["-c", text, "sh", ...argv], { input })
    return { exitCode: status ?? 255, stdout: stdout.toString(), stderr: stderr.toString(), timedOut: false }
  }
}

/** What we read of it: neither times nor nonces. */
function read({ exitCode, stdout }: CommandResult, verb: string): unknown {
  const plain = stdout.replaceAll(/(native:\d+:\d+):\S+/g, "$1")
  // What was said of those before it counts also where it ends early.
  if (verb === "hz_submit") return { exitCode, stdout: plain }
  if (verb !== "hz_records") return { exitCode, stdout: exitCode === 0 ? plain : "" }
  return parseRecords(plain, tokens).map(({ guards, started, exits, ...rest }) => ({
    ...rest,
    guards,
    started: started.map(({ start, nativeId }) => [start, nativeId]),
    exits: exits.map(({ start, nativeId, exitCode: code, launchFailure }) => [start, nativeId, code, launchFailure]),
  }))
}

async function step(pair: Pair, dice: Dice, nonce: string): Promise<{ said: string; real: unknown; virtual: unknown }> {
  const token = dice.pick(tokens)
  const owner = dice.whole(0, 3)
  const same = async (argv: readonly string[], answers: ReturnType<Pair["verb"]>) => {
    const { real, virtual } = await answers
    return { said: argv.join(" "), real: read(real, argv[0]!), virtual: read(virtual, argv[0]!) }
  }
  const verb = async (argv: readonly string[]) => same(argv, pair.verb(argv))
  switch (dice.whole(0, 8)) {
    case 0:
      return verb(["hz_own", pair.path, String(dice.whole(1, 3)), `epoch:${dice.whole(1, 2)}`])
    case 1: {
      const end = dice.chance(0.8) ? nonce : "other"
      const hash = dice.pick(["h1", "h1", "h2"])
      return same(["hz_stage", token, hash, end], pair.stage(owner, nonce, token, hash, end))
    }
    case 2:
    case 3: {
      const words = Array.from({ length: dice.whole(1, 3) }, () => {
        const { script } = dice.pick([submissions[0], ...submissions.slice(1)])
        return ["5", dice.pick(tokens), String(dice.whole(1, 2)), "sh", "-c", script]
      })
      return verb(["hz_submit", pair.path, String(owner), ...words.flat()])
    }
    case 4: {
      const [nativeId, start] = [String(dice.whole(7, 8)), dice.chance(0.8) ? 0 : 1]
      const ends = await pair.wrapper(token, nativeId, start)
      return { said: `wrapper ${token} ${nativeId} ${start}`, ...ends }
    }
    case 5:
      return verb([
        "hz_fence",
        pair.path,
        String(owner),
        token,
        `revoked:${dice.whole(1, 2)}:x`,
        String(dice.whole(0, 1)),
      ])
    case 6:
      return verb(["hz_hints", pair.path])
    case 7:
      return dice.chance(0.3)
        ? verb(["hz_remove", pair.path, String(owner), token])
        : verb(["hz_clear_hints", pair.path, `${token}.0`])
    default:
      return verb(["hz_records", pair.path, ...tokens])
  }
}

test.each(Array.from({ length: 8 }, (_, index) => index + 1))("sequence %i", { timeout: 60_000 }, async (seed) => {
  using pair = new Pair()
  const dice = new Dice(seed)
  const sequence: string[] = []
  for (const token of tokens) await pair.stage(9, `first${token}`, token, "h1")
  for (let number = 0; number < 25; number += 1) {
    const { said, real, virtual } = await step(pair, dice, `n${number}`)
    sequence.push(said)
    expect(virtual, sequence.join("\n")).toEqual(real)
  }
})
