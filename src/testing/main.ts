/** `npm run simulate`: explores seeds, or replays one with its log. */
import { Command, InvalidArgumentError, Option } from "commander"
import { type Broken, brokenEngines } from "./broken.ts"
import { explore } from "./explore.ts"
import { type Report, simulate } from "./simulation.ts"
import { strikes, tableOf } from "./strikes.ts"

interface Options {
  readonly seed?: number
  readonly seeds?: number
  readonly from: readonly number[]
  readonly minutes?: number
  readonly broken?: Broken
  readonly coverage?: boolean
}

const seedsDefault = 10_000
const fromDefault: readonly number[] = [1]
const replayLogMax = 1_000_000
/** Seeds that are told of in full. */
const toldMax = 5

const program = new Command("simulate")
  .description("Runs the engine against a virtual cluster, with trouble that each seed repeats.")
  .option("--seed <n>", "replay this one, with its log", number)
  .option("--seeds <n>", `how many to explore (${seedsDefault})`, number)
  .option("--from <n...>", "the first one; of several ranges the first ones", numbers, fromDefault)
  .option("--minutes <m>", "explore for so long", number)
  .addOption(new Option("--broken <name>", "an engine that breaks this rule").choices(brokenEngines))
  .option("--coverage", "tell in how many seeds each kind of trouble struck, and fail where one never did")
  .parse()

const options = program.opts<Options>()
process.exitCode = options.seed === undefined ? await exploreAll(options) : await replay(options.seed, options)

async function replay(seed: number, { broken = null }: { readonly broken?: Broken | null }): Promise<number> {
  const report = await simulate({ seed, broken, logMax: replayLogMax })
  tell(report)
  for (const [key, outcome] of Object.entries(report.outcomes)) print(`${key}: ${outcome}`)
  return report.violations.length === 0 ? 0 : 1
}

async function exploreAll({ seeds, from, minutes, broken, coverage = false }: Options): Promise<number> {
  let told = 0
  const { seconds, ...result } = await explore({
    from,
    seeds: seeds ?? (minutes === undefined ? seedsDefault : null),
    minutes: minutes ?? null,
    broken: broken ?? null,
    onFound: (report) => {
      told += 1
      if (told <= toldMax) tell(report)
      else print(`seed ${report.seed}: ${report.violations[0]?.invariant ?? ""}`)
    },
  })
  const missing = strikes.filter((strike) => (result.coverage[strike] ?? 0) === 0)
  if (coverage) print(tableOf(result.coverage))
  if (coverage && missing.length > 0) print(`This never happened, so nothing was shown of it: ${missing.join("; ")}.`)
  print(`${result.seeds} seeds, ${result.violations} violations, ${(result.seeds / seconds).toFixed(1)} seeds/s`)
  return result.violations > 0 || (coverage && missing.length > 0) ? 1 : 0
}

function tell({ seed, violations, log, steps }: Report): void {
  for (const line of log) print(line)
  for (const { invariant, what, atMs } of violations)
    print(`seed ${seed}, step ${steps}, ${(atMs / 1_000).toFixed(3)} s: ${invariant}: ${what}`)
  if (violations.length > 0) print(`replay: npm run simulate -- --seed ${seed}\n`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function number(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError("a number is needed")
  return value
}

/** Commander gives what was read before; what it begins with is the default. */
function numbers(text: string, before: readonly number[]): readonly number[] {
  return before === fromDefault ? [number(text)] : [...before, number(text)]
}
