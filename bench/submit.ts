/** Benchmark `submit`: how much longer many jobs take to be submitted, each safely, than in a plain loop of sbatch. */
import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type AnyEvent, type Hawser, HawserError, openHawser } from "hawser"
import type { Rig } from "../test/support/rig.ts"
import { type Benchmark, median, row, timed } from "./benchmark.ts"
import { findRig, onLoginNode, roundTripMs, slowLink } from "./link.ts"

const jobCount = 200
const roundCount = 5

/** Where the jobs' files are put: for minutes after many files were removed, ext4 is slow to make new ones. */
const memory = "/dev/shm"

/** Takes jobs and never starts them: what runs meanwhile would be a load of its own. */
const partition = "down"

/** For what is behind the jobs before to reach the accounting database. */
const settleSeconds = 60

export const submit: Benchmark = {
  name: "submit",
  title: `${jobCount} jobs over a line with a round trip of ${roundTripMs} ms, against sbatch in a loop on the login node`,
  async run() {
    const rig = await findRig()
    if (typeof rig === "string") return { skipped: rig }
    const roots: string[] = []
    const rounds: Round[] = []
    try {
      let before = await plainLoop(rig)
      for (let count = 0; count < roundCount; count += 1) {
        roots.push(`${memory}/hawser-bench-${randomBytes(4).toString("hex")}`)
        const own = await ours(rig, roots.at(-1) ?? "")
        const after = await plainLoop(rig)
        // Each stands between two loops: a machine that gets busier or calmer favours neither.
        rounds.push({ ...own, loopMs: (before + after) / 2 })
        before = after
      }
    } finally {
      await onLoginNode(rig, `rm -rf ${roots.join(" ")}`)
    }
    const warm = row("ratio: the same with the connection open", rounds, (one) => one.warmMs / one.loopMs)
    return {
      rows: [
        row("sbatch loop, on the login node, s", rounds, (one) => one.loopMs / 1_000),
        row("ours, from submit to the last native id, s", rounds, (one) => one.coldMs / 1_000),
        row("ratio: the second by the first", rounds, (one) => one.coldMs / one.loopMs),
        row("  connection and login, ms", rounds, (one) => one.contactMs),
        row("  then to the first native id, ms", rounds, (one) => one.firstMs),
        row("  from then on, ms per job", rounds, (one) => one.restMs / (jobCount - 1)),
        row("as many again, the connection open, s", rounds, (one) => one.warmMs / 1_000),
        warm,
        row("loop, ms per job", rounds, (one) => one.loopMs / jobCount),
      ],
      figures: [
        // The loop's own login is not counted either.
        { what: "times a plain loop, with the connection open", value: median(warm.values), limit: 1.3 },
        {
          what: "TCP connections",
          value: Math.max(...rounds.map((one) => one.connections)),
          limit: 1,
          isExact: true,
        },
      ],
    }
  },
}

interface Ours {
  readonly coldMs: number
  readonly warmMs: number
  readonly contactMs: number
  readonly firstMs: number
  readonly restMs: number
  readonly connections: number
}

interface Round extends Ours {
  /** Mean of the loops before and after it. */
  readonly loopMs: number
}

/**
 * The controller tells its database of jobs a while after it has taken them. What is left of those before would be
 * done at the cost of those that are measured next, whose ever they are.
 */
async function settled(rig: Rig): Promise<void> {
  await onLoginNode(
    rig,
    `
i=0
while [ $i -lt ${settleSeconds * 5} ]; do
  case $(sdiag) in *"DBD Agent queue size: 0"*) exit 0 ;; esac
  sleep 0.2
  i=$((i + 1))
done
exit 1`,
  )
}

/** One ssh command, timed where it runs. Its script is as trivial as ours: it becomes another shell. */
async function plainLoop(rig: Rig): Promise<number> {
  await settled(rig)
  const script = `
dir=$(mktemp -d -p ${memory}) && cd "$dir" || exit
printf '#!/bin/sh\\nexec /bin/sh -c true\\n' >job.sh
start=$(date +%s%N)
i=0
while [ $i -lt ${jobCount} ]; do
  sbatch --parsable -p ${partition} job.sh || exit
  i=$((i + 1))
done >ids
end=$(date +%s%N)
scancel $(cat ids)
echo "$(wc -l <ids) $(((end - start) / 1000))"
rm -rf "$dir"`
  const [count, microseconds] = (await onLoginNode(rig, script)).trim().split(" ").map(Number)
  if (count !== jobCount || microseconds === undefined) throw new Error(`The loop submitted ${count} jobs.`)
  return microseconds / 1_000
}

/** The library, with a state directory and a place on the other side that are used for nothing else. */
async function ours(rig: Rig, root: string): Promise<Ours> {
  await using link = await slowLink(rig)
  const { host, port, user, identityFile, knownHostsFile } = link.login
  const settings = { scheduler: "slurm", transport: "ssh2", host, port, user, identityFile, knownHostsFile, root }
  const configFile = join(link.folder, "hawser.yaml")
  // JSON is YAML.
  await writeFile(configFile, JSON.stringify({ executors: { rig: settings }, default: "rig" }))
  const events: AnyEvent[] = []
  try {
    await using hawser = await openHawser({ configFile, stateDirectory: join(link.folder, "state") })
    const submitMs = async (name: string): Promise<number> => {
      const requests = Array.from({ length: jobCount }, (_, index) => ({ spec, key: `${name}/${index}` }))
      return (await timed(async () => accepted(await hawser.submitAll(requests)))).ms
    }
    const over = new AbortController()
    const listening = listen(hawser.events(over.signal), events)
    await settled(rig)
    const startedAt = Date.now()
    const coldMs = await submitMs("cold")
    over.abort()
    await listening
    await settled(rig)
    const warmMs = await submitMs("warm")
    return { coldMs, warmMs, connections: link.proxy.connections(), ...spent(events, startedAt) }
  } finally {
    await onLoginNode(rig, `scancel --me --partition=${partition}`)
  }
}

async function accepted(handles: Awaited<ReturnType<Hawser["submitAll"]>>): Promise<void> {
  await Promise.all(
    handles.map(async (handle) => {
      if (handle instanceof HawserError) throw handle
      const { key, nativeId, reason } = await handle.accepted()
      if (nativeId === null) throw new Error(`${key} was not submitted: ${reason}`)
    }),
  )
}

const spec = { command: ["true"], resources: { queue: partition } }

async function listen(source: AsyncIterable<AnyEvent>, events: AnyEvent[]): Promise<void> {
  try {
    for await (const event of source) events.push(event)
  } catch {
    // Ended by the signal.
  }
}

/** Where the time went, by the times of the journal. */
function spent(events: readonly AnyEvent[], startedAt: number): Omit<Ours, "coldMs" | "warmMs" | "connections"> {
  const at = (type: AnyEvent["type"]): number[] => events.filter((event) => event.type === type).map((one) => one.at)
  const accepted = at("accepted")
  const first = Math.min(...accepted)
  const contact = Math.min(...at("contacted"))
  return { contactMs: contact - startedAt, firstMs: first - contact, restMs: Math.max(...accepted) - first }
}
