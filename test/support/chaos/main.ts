/** `npm run chaos`: faults on the real thing, many rounds of each. See docs/chaos.md. */
import { resolve } from "node:path"
import { Command, InvalidArgumentError } from "commander"
import { breakableRig, mend } from "../cluster.ts"
import type { Rig } from "../rig.ts"
import type { Fault } from "./fault.ts"
import { faults } from "./faults/index.ts"
import { addResult, dropResults, readResults, tableOf } from "./results.ts"
import { playRound, seedOf } from "./round.ts"

interface Options {
  readonly rounds?: number
  readonly jobs: number
  readonly fault?: readonly Fault[]
  readonly results: string
  readonly seed: number
  readonly fresh: boolean
  readonly table: boolean
  readonly list: boolean
}

const program = new Command("chaos")
  .description("Breaks a real Slurm and the way to it while jobs are submitted, and counts what ran.")
  .option("--rounds <n>", "rounds of each fault (each has its own number)", whole)
  .option("--jobs <n>", "jobs of a round", whole, 20)
  .option("--fault <names>", "these faults only, separated by commas", faultsNamed)
  .option("--results <file>", "where results are appended", "chaos-results.ndjson")
  .option("--seed <n>", "the moments and lengths of faults follow from it", whole, Date.now() % 1_000_000)
  .option("--resume", "goes on after the rounds that have results (this is the default)")
  .option("--fresh", "plays rounds again that have results", false)
  .option("--table", "prints the table of the results, and plays nothing", false)
  .option("--list", "prints the faults, and plays nothing", false)
  .parse()

const options = program.opts<Options>()
process.exitCode = await main(options)

async function main({ table, list, results: file, fault: wanted = faults, ...rest }: Options): Promise<number> {
  const results = resolve(process.env["INIT_CWD"] ?? ".", file)
  if (list) print(wanted.map(({ name, title, rounds }) => `${name}  ${title} (${rounds} rounds)`).join("\n"))
  else if (table) print(tableOf(await readResults(results)))
  else return playAll(wanted, results, rest)
  return 0
}

async function playAll(
  wanted: readonly Fault[],
  results: string,
  { rounds, jobs, seed, fresh }: Pick<Options, "rounds" | "jobs" | "seed" | "fresh">,
): Promise<number> {
  if (typeof breakableRig === "string") {
    print(`chaos: ${breakableRig}`)
    return 2
  }
  const target: Rig = breakableRig
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort())
  if (fresh)
    await dropResults(
      results,
      wanted.map(({ name }) => name),
    )
  let wrong = 0
  try {
    for (const fault of wanted) {
      const known = (await readResults(results)).filter((result) => result.fault === fault.name)
      for (let round = 0; round < (rounds ?? fault.rounds) && !stop.signal.aborted; round += 1) {
        if (known.some((result) => result.round === round)) continue
        const result = await playRound(target, fault, {
          jobs: fault.jobs ?? jobs,
          round,
          seed: seedOf(seed, fault, round),
          signal: stop.signal,
        })
        await addResult(results, result)
        const { tokens, natives, runs, lost, twice, replaced, seconds, struck } = result
        print(
          `${fault.name} ${round} (seed ${result.seed}): ${tokens} tokens, ${natives} natives, ${runs} runs, ` +
            `${lost} lost, ${twice} twice, ${replaced} replaced, ${seconds} s; ${struck.join("; ")}`,
        )
        if (result.wrong.length === 0) continue
        wrong += 1
        print(`  WRONG (${result.evidence}):\n${result.wrong.map((line) => `    ${line}`).join("\n")}`)
      }
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
    print("chaos: stopped; the round that was under way does not count")
  } finally {
    // Whoever stops us may have stopped the first one, too.
    await mend(target).catch(() => mend(target))
  }
  print(tableOf((await readResults(results)).filter(({ fault }) => wanted.some(({ name }) => name === fault))))
  if (stop.signal.aborted) return 130
  return wrong === 0 ? 0 : 1
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is needed")
  return value
}

function faultsNamed(text: string): Fault[] {
  return text.split(",").map((name) => {
    const fault = faults.find((one) => one.name === name)
    if (fault === undefined) throw new InvalidArgumentError(`there is no fault "${name}"; --list names them`)
    return fault
  })
}
