// Faults on the real thing: `npm run chaos [-- OPTIONS]`, see docs/chaos.md. Builds what is older than its sources (other
// runs of it may be using what is built), brings up a rig where none runs, and takes that one down in the end.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const rig = "rig/rig.sh"
const args = process.argv.slice(2)
const playsNothing = args.some((word) => ["--table", "--list", "--help", "-h"].includes(word))

let child = null
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child?.kill("SIGTERM"))
process.exitCode = await main()

async function main() {
  const program = "dist-tools/test/support/chaos/main.js"
  if (isOlder("dist/cli/main.js", ["src"]) && !run("npm", ["run", "-s", "build"])) return 1
  if (isOlder(program, ["src", "test/support"]) && !run("npm", ["run", "-s", "build:tools"])) return 1
  const isOurs = !playsNothing && !rigIsUp()
  if (isOurs && !run(rig, ["up", "--fast"])) return 1
  try {
    const env = {
      ...process.env,
      INIT_CWD: process.env.INIT_CWD ?? process.cwd(),
      ...(isOurs ? { RIG_FAULTS: "1" } : {}),
    }
    // In a group of its own: Ctrl-C at the terminal reaches us alone, and the round ends in order.
    child = spawn(process.execPath, [program, ...args], { cwd: root, env, stdio: "inherit", detached: true })
    return await new Promise((done) => child.once("close", (code) => done(code ?? 1)))
  } finally {
    if (isOurs) run(rig, ["down"])
  }
}

function rigIsUp() {
  const { stdout } = spawnSync(rig, ["status"], { cwd: root, encoding: "utf8" })
  return / (up|frozen) /.test(stdout)
}

function run(command, words) {
  return spawnSync(command, words, { cwd: root, stdio: "inherit", detached: true }).status === 0
}

function isOlder(built, sources) {
  const path = join(root, built)
  return !existsSync(path) || sources.some((folder) => newest(join(root, folder)) > statSync(path).mtimeMs)
}

function newest(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return Math.max(
    ...entries
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
  )
}
