// Runs every test there is: the checks, all of vitest with the live tests, then the simulator. The last line counts the results.
// As root on Debian it installs what the live tests need and brings up the rig for them; one that is up already is used
// as it is, is not broken by tests (others may be using it), and is left up.
import { spawn, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const countLine = /^(\d+) passed, (\d+) failed, (\d+) skipped$/

const rig = "rig/rig.sh"
const rigState = bringUpRig()
// What was brought up is taken down, also when somebody interrupts us: whoever runs below us is told, and we go on to the end.
let child = null
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child?.kill(signal))
const checked = run("npm", ["run", "--silent", "check"])
const tests = await runCounting(
  "npx",
  ["--no-install", "vitest", "run"],
  rigState === "ours" ? { RIG_FAULTS: "1" } : {},
)
if (rigState === "ours") run(rig, ["down"])

const counts = { passed: 0, failed: 0, skipped: 0, ...tests.counts }
simulate()
if (rigState === "failed") fail("the rig that the live tests need could not be brought up")
if (!checked) fail("`npm run check` failed")
if (tests.counts === undefined) fail("vitest ended without counting its tests")
else if (tests.status !== 0 && counts.failed === 0) fail(`vitest ended with ${tests.status}`)
else if (counts.passed + counts.failed === 0) fail("no test ran")

process.exitCode = counts.failed === 0 ? 0 : 1
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)

/** Says what is wrong beside the tests, and counts it as one failure, so that the count never looks better than it is. */
function fail(what) {
  counts.failed += 1
  console.log(`test:all: ${what}`)
}

/**
 * 10,000 seeds of the simulator (docs/simulation.md): half of them always the same, half from a number that the commit
 * gives, so that each commit looks where none has looked before, and looks there again when it is run again.
 */
function simulate() {
  const commit = spawnSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" }).stdout ?? ""
  const fresh = 1_000_000 + 10 * Number.parseInt(commit.slice(0, 7) || "0", 16)
  console.log(`test:all: the simulator: seeds from 1, and from ${fresh}, which stands for this commit`)
  const args = ["--seeds", "10000", "--from", "1", "--from", String(fresh), "--coverage"]
  const { status, stdout } = spawnSync("npm", ["run", "--silent", "simulate", "--", ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: ["inherit", "pipe", "inherit"],
    maxBuffer: 2 ** 28,
  })
  process.stdout.write(stdout)
  const violations = Number(/^\d+ seeds, (\d+) violations, [\d.]+ seeds\/s$/m.exec(stdout)?.[1] ?? 0)
  if (status === 0) counts.passed += 1
  else if (violations === 0) fail("the simulator ended without a violation and without success: see above")
  else counts.failed += violations
}

/** `ours`, `theirs` (it was up before), `none` (not here) or `failed`. */
function bringUpRig() {
  const isRoot = process.getuid?.() === 0
  if (!isRoot || !existsSync("/etc/debian_version")) {
    const why = isRoot ? "this is not Debian" : "this is not root"
    console.log(`test:all: ${why}: nothing is installed, and live tests skip what they do not find (docs/rig.md)`)
    return "none"
  }
  const { stdout } = spawnSync(rig, ["status"], { cwd: root, encoding: "utf8" })
  if (/ (up|frozen) /.test(stdout)) {
    console.log("test:all: a rig is up already: it is used, and tests that would break it are skipped (docs/rig.md)")
    return run("rig/install.sh", []) ? "theirs" : "failed"
  }
  if (run(rig, ["up", "--fast", "--sge", "--oar"])) return "ours"
  run(rig, ["down"])
  return "failed"
}

function run(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0
}

/** Passes the output through, but keeps the line of counts to itself. */
function runCounting(command, args, env) {
  return new Promise((resolve, reject) => {
    child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["inherit", "pipe", "inherit"] })
    let counts
    let rest = ""
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      const lines = (rest + chunk).split("\n")
      rest = lines.pop()
      lines.forEach(pass)
    })
    child.on("error", reject)
    child.on("close", (status, signal) => {
      if (rest !== "") pass(rest)
      resolve({ counts, status: status ?? signal })
    })

    function pass(line) {
      const match = countLine.exec(line)
      if (match === null) return console.log(line)
      counts = { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3]) }
    }
  })
}
