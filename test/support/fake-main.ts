/** A stand-in for `dist/cli/main.js`: its `controller` serves a FakeHawser, its `client` starts one and waits. */
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { systemClock } from "../../src/clock.ts"
import { type Controller, type OpenController, runController } from "../../src/control/controller.ts"
import { ensureController } from "../../src/control/spawn.ts"
import { HawserError, StoreError, UsageError } from "../../src/errors.ts"
import type { JobView } from "../../src/job/index.ts"
import { FakeHawser } from "./fake-hawser.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { state: { type: "string" }, config: { type: "string" }, stay: { type: "boolean" } },
})
const state = values.state ?? ""

/** `$FAKE_LINGER_MS` is how long it lingers; a config with the word "wrong" in it keeps it from starting. */
async function controller(): Promise<void> {
  const lingerMs = Number(process.env["FAKE_LINGER_MS"] ?? 10_000)
  console.error(`controller ${process.pid} starts in ${process.cwd()}`)
  try {
    await runController(() => {
      if (values.config !== undefined) readFileSync(values.config)
      return { stateDirectory: state, open, lingerMs, stay: values.stay === true }
    })
  } catch (error) {
    console.error(error instanceof HawserError ? error.message : error)
    process.exitCode = 1
  }
}

async function client(): Promise<void> {
  await using hawser = await ensureController({ stateDirectory: state, entry: process.argv[1] ?? "" })
  const { controller: running } = await hawser.status()
  const [result] = await hawser.submit([{ key: "of a client", spec: {} }])
  console.log(JSON.stringify({ controller: running?.pid, ok: result?.ok }))
  if (positionals[1] === "wait") await hawser.ended(["id-of a client"])
}

async function open({ stateDirectory, onDown }: Parameters<OpenController>[0]): Promise<Controller> {
  const config = values.config === undefined ? "" : readFileSync(values.config, "utf8")
  if (config.includes("wrong")) {
    throw new UsageError("CONFIG_INVALID", { summary: "The config is wrong.", reason: "line 1", advice: "Mend it." })
  }
  if (config.includes("dies")) process.exit(3)
  // As often as the config says: `killed` takes one word away each time.
  if (config.includes("killed")) {
    writeFileSync(values.config ?? "", config.replace("killed", ""))
    process.kill(process.pid, "SIGKILL")
  }
  const lease = takeLease(join(stateDirectory, "lease"))
  const jobsFile = join(stateDirectory, "jobs.json")
  const jobs = existsSync(jobsFile) ? (JSON.parse(readFileSync(jobsFile, "utf8")) as JobView[]) : []
  const fake = new StoredHawser({ stateDirectory, jobs, onDown }, jobsFile, lease)
  void fake.finishWhenTold(join(stateDirectory, "finish"))
  // As long as a real one takes to read its journal: time enough for another to come by.
  await systemClock.sleep(50)
  return fake
}

class StoredHawser extends FakeHawser {
  private readonly jobsFile: string
  private readonly lease: string

  constructor(parts: ConstructorParameters<typeof FakeHawser>[0], jobsFile: string, lease: string) {
    super(parts)
    this.jobsFile = jobsFile
    this.lease = lease
  }

  override async submit(requests: Parameters<FakeHawser["submit"]>[0]): ReturnType<FakeHawser["submit"]> {
    const results = await super.submit(requests)
    writeFileSync(this.jobsFile, JSON.stringify([...this.jobs.values()]))
    return results
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.lease)
    await super[Symbol.asyncDispose]()
  }

  async finishWhenTold(file: string): Promise<void> {
    for (;;) {
      await systemClock.sleep(20)
      if (existsSync(file)) for (const id of this.jobs.keys()) this.set(id, { state: "completed", exitCode: 0 })
    }
  }
}

/** A file with our process id, which counts for as long as that process lives. */
function takeLease(path: string): string {
  try {
    const file = openSync(path, "wx")
    writeFileSync(file, String(process.pid))
    closeSync(file)
    return path
  } catch {
    const owner = readFileSync(path, "utf8")
    if (owner === "elsewhere") {
      throw new StoreError("LEASE_HELD_ELSEWHERE", { summary: "Another host has it.", class: "busy" })
    }
    if (owner === "" || isAlive(Number(owner))) {
      throw new StoreError("LEASE_HELD", { summary: `Process ${owner} has it.`, class: "busy" })
    }
    rmSync(path, { force: true })
    return takeLease(path)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

if (positionals[0] === "controller") await controller()
else await client()
process.exit()
