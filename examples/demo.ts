/** A small parameter study on local processes, whose controller is killed half way. */
import { execFile, spawn } from "node:child_process"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { JobView, Status } from "hawser"
import { timeline } from "./timeline.ts"

const run = promisify(execFile)
const hawserBin = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url))
const folder = resolve("demo-out")
const jobCount = 20

interface Controller {
  readonly pid: number
  readonly epoch: number
}

/** One command line, as a person would type it in the study's folder. */
async function hawser(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [hawserBin, ...args], { cwd: folder, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

async function jobs(): Promise<readonly JobView[]> {
  return JSON.parse(await hawser("list", "--json")) as readonly JobView[]
}

async function controller(): Promise<Controller> {
  const { controller: found } = JSON.parse(await hawser("status", "--json")) as Status
  if (found === null) throw new Error("no controller runs")
  return found
}

/** What each job does: reads its input, works a while, writes its result, and leaves one line that it has run. */
const payload = `#!/bin/sh
read -r x < in.dat
printf '%s\\n' "$HAWSER_KEY" >> "$STUDY/payloads.log"
sleep "$SECONDS_TO_WORK"
printf '%s %s\\n' "$x" "$((x * x))" > square.out
`

async function writeStudy(): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(folder, "data"), { recursive: true })
  await writeFile(join(folder, "hawser.yaml"), "executors:\n  local: {cores: 4}\n")
  const specs = await Promise.all(
    Array.from({ length: jobCount }, async (_, index) => {
      await writeFile(join(folder, `data/${index}.dat`), `${index}\n`)
      return JSON.stringify({
        key: `square/${index}`,
        script: payload,
        inputs: [{ from: `data/${index}.dat`, to: "in.dat" }],
        outputs: ["*.out"],
        into: `results/${index}`,
        env: { STUDY: folder, SECONDS_TO_WORK: String(1 + (index % 3)) },
        resources: { tasks: 1 },
      })
    }),
  )
  await writeFile(join(folder, "study.jsonl"), `${specs.join("\n")}\n`)
}

/** Waits with a bar on the terminal, as a person would see it. */
async function wait(): Promise<void> {
  const child = spawn(process.execPath, [hawserBin, "wait", "--all"], { cwd: folder, stdio: "inherit" })
  const code = await new Promise<number | null>((done) => child.once("close", done))
  if (code !== 0) throw new Error(`hawser wait ended with ${code}`)
}

async function untilHalf(): Promise<number> {
  for (;;) {
    const done = (await jobs()).filter((job) => job.state === "completed").length
    if (done >= jobCount / 2 - 2) return done
    await new Promise((next) => setTimeout(next, 200))
  }
}

async function main(): Promise<void> {
  await writeStudy()
  console.log(`${jobCount} jobs, 4 cores: hawser batch study.jsonl`)
  await hawser("batch", "study.jsonl")
  const first = await controller()
  const done = await untilHalf()
  process.kill(first.pid, "SIGKILL")
  const killedAt = Date.now()
  console.log(`controller ${first.pid} killed with SIGKILL after ${done} jobs; hawser wait --all`)
  const waiting = wait()
  const second = await until(controller, ({ pid }) => pid !== first.pid)
  await waiting
  await report(await jobs(), [first, second], killedAt)
}

async function until<T>(ask: () => Promise<T>, isIt: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask().catch((error: unknown) => {
      if (tries > 100) throw error
      return null
    })
    if (answer !== null && isIt(answer)) return answer
    await new Promise((next) => setTimeout(next, 100))
  }
}

async function report(all: readonly JobView[], served: readonly Controller[], killedAt: number): Promise<void> {
  const runs = (await readFile(join(folder, "payloads.log"), "utf8")).trim().split("\n")
  console.log(`\n${"KEY".padEnd(12)}${"STATE".padEnd(12)}${"RUNS".padEnd(6)}${"SECONDS".padEnd(9)}RESULT`)
  let wrong = 0
  for (const job of all) {
    const index = Number(job.key.split("/")[1])
    const count = runs.filter((key) => key === job.key).length
    const result = (await readFile(join(folder, `results/${index}/square.out`), "utf8").catch(() => "none")).trim()
    const isRight = job.state === "completed" && count === 1 && result === `${index} ${index * index}`
    if (!isRight) wrong += 1
    const seconds = ((Date.parse(job.times.ended ?? "") - Date.parse(job.times.started ?? "")) / 1000).toFixed(1)
    console.log(`${job.key.padEnd(12)}${job.state.padEnd(12)}${String(count).padEnd(6)}${seconds.padEnd(9)}${result}`)
  }
  await writeFile(join(folder, "timeline.svg"), timeline(all, killedAt))
  console.log(`\nserved by controllers ${served.map(({ pid, epoch }) => `${pid} (epoch ${epoch})`).join(" and ")}`)
  console.log(`${all.length} jobs, ${runs.length} payload runs, ${wrong} wrong; timeline: demo-out/timeline.svg`)
  if (wrong > 0 || runs.length !== jobCount) process.exitCode = 1
}

await main()
