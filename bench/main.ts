/** `npm run bench [-- name…]`: the benchmarks, one after the other. Exit code 1 when a figure misses its limit. */
import { availableParallelism } from "node:os"
import { version } from "hawser"
import { holds } from "./benchmark.ts"
import { shell } from "./shell.ts"
import { store } from "./store.ts"
import { submit } from "./submit.ts"
import { tableOf } from "./table.ts"
import { wrapper } from "./wrapper.ts"

const benchmarks = [shell, submit, store, wrapper]

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !benchmarks.some((benchmark) => benchmark.name === name))
  if (unknown !== undefined) {
    console.error(`There is no benchmark "${unknown}": ${benchmarks.map(({ name }) => name).join(", ")}.`)
    process.exitCode = 2
    return
  }
  console.log(`hawser ${version}, Node ${process.versions.node}, ${availableParallelism()} cores`)
  for (const benchmark of benchmarks) {
    if (names.length > 0 && !names.includes(benchmark.name)) continue
    console.log(`\n${benchmark.name}: ${benchmark.title}`)
    const report = await benchmark.run()
    if ("skipped" in report) {
      console.log(`  skipped: ${report.skipped}`)
      continue
    }
    console.log(tableOf(report))
    if (!report.figures.every(holds)) process.exitCode = 1
  }
}

await main(process.argv.slice(2))
