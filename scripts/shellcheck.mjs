// Runs shellcheck over every shell script of ours. Without shellcheck it says so; in CI that is a failure.
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const rooms = ["src", "rig", "test", "scripts", "examples", ".ci"]

const scripts = rooms.flatMap(shellScriptsIn).sort()
if (scripts.length === 0) {
  console.log("shellcheck: no scripts")
  process.exit(0)
}

const { error, status } = spawnSync("shellcheck", ["--external-sources", "--", ...scripts], {
  cwd: root,
  stdio: "inherit",
})
if (error === undefined) {
  if (status === 0) console.log(`shellcheck: ${scripts.length} scripts are fine`)
  process.exit(status ?? 1)
}
if (error.code !== "ENOENT") throw error
console.log(`shellcheck: skipped, it is not installed (${scripts.length} scripts unchecked)`)
process.exit(process.env.CI ? 1 : 0)

/** Files that end in .sh, or say on their first line that a shell runs them. */
function shellScriptsIn(room) {
  const entries = readdirIfThere(join(root, room))
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.endsWith(".sh") || (!/\.\w+$/.test(path) && startsWithShell(path)))
    .map((path) => path.slice(root.length))
}

function startsWithShell(path) {
  return /^#!.*\b(sh|bash|dash)\b/.test(readFileSync(path, "utf8").split("\n", 1)[0])
}

function readdirIfThere(path) {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
  } catch (error) {
    if (error.code === "ENOENT") return []
    throw error
  }
}
