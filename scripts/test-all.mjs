// Runs every test there is: the checks, then all of vitest with the live tests. The last line counts the results.
import { spawn, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const countLine = /^(\d+) passed, (\d+) failed, (\d+) skipped$/

const installed = installManagers()
const checked = run("npm", ["run", "--silent", "check"])
const tests = await runCounting("npx", ["--no-install", "vitest", "run"])

const counts = { passed: 0, failed: 0, skipped: 0, ...tests.counts }
if (!installed) fail("the packages that the live tests need could not be installed")
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

function installManagers() {
  const isRoot = process.getuid?.() === 0
  if (isRoot && existsSync("/etc/debian_version")) return run("sh", ["scripts/install-managers.sh"])
  const why = isRoot ? "this is not Debian" : "this is not root"
  console.log(
    `test:all: nothing is installed, ${why}: live tests skip what they do not find (scripts/install-managers.sh)`,
  )
  return true
}

function run(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0
}

/** Passes the output through, but keeps the line of counts to itself. */
function runCounting(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["inherit", "pipe", "inherit"] })
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
