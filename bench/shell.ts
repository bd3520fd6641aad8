/** Benchmark `shell`: many cheap commands over a slow line cost a few round trips, not one each. */
import { type Session, openSession, systemClock, transportFor } from "hawser"
import { type Benchmark, median, row, timed } from "./benchmark.ts"
import { type SlowLink, findRig, roundTripMs, slowLink } from "./link.ts"

const commandCount = 100
const roundCount = 7
const singles = 5

export const shell: Benchmark = {
  name: "shell",
  title: `${commandCount} commands on the framed shell, over a line with a round trip of ${roundTripMs} ms`,
  async run() {
    const rig = await findRig()
    if (typeof rig === "string") return { skipped: rig }
    await using link = await slowLink(rig)
    await using session = await openSession(transportFor({ transport: "ssh2", ...link.login, clock: systemClock }), {
      clock: systemClock,
      prelude: "",
    })
    await cheap(session)
    const rounds: Round[] = []
    for (let count = 0; count < roundCount; count += 1) rounds.push(await round(session, link))
    const trips = row("round trips: the second by the first", rounds, (one) => one.manyMs / one.singleMs)
    return {
      rows: [
        row("one command, ms", rounds, (one) => one.singleMs),
        row(`${commandCount} commands at once, ms`, rounds, (one) => one.manyMs),
        trips,
        row("turns of the line, counted at the proxy", rounds, (one) => one.turns),
        row(`${commandCount} with a time limit each, ms`, rounds, (one) => one.limitedMs),
      ],
      figures: [
        { what: `round trips for ${commandCount} commands`, value: median(trips.values), limit: 3 },
        { what: "TCP connections", value: link.proxy.connections(), limit: 1, isExact: true },
      ],
    }
  },
}

interface Round {
  /** Median of a few, one after the other: a round trip and a command's own cost. */
  readonly singleMs: number
  readonly manyMs: number
  readonly turns: number
  /** With a watchdog beside each on the other side. */
  readonly limitedMs: number
}

async function round(session: Session, { proxy }: SlowLink): Promise<Round> {
  const single: number[] = []
  for (let count = 0; count < singles; count += 1) single.push((await timed(async () => cheap(session))).ms)
  const turnsBefore = proxy.turns()
  const many = await timed(async () => pipelined(session))
  const turns = proxy.turns() - turnsBefore
  const limited = await timed(async () => pipelined(session, 60_000))
  return { singleMs: median(single), manyMs: many.ms, turns, limitedMs: limited.ms }
}

async function pipelined(session: Session, timeoutMs?: number): Promise<void> {
  await Promise.all(Array.from({ length: commandCount }, async () => cheap(session, timeoutMs)))
}

async function cheap(session: Session, timeoutMs?: number): Promise<void> {
  const exitCode = await session.ask({
    argv: ["true"],
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    parse: (result) => result.exitCode,
  })
  if (exitCode !== 0) throw new Error(`true ended with ${exitCode}`)
}
