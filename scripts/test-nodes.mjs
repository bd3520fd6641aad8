// Runs the tests that need nothing but Node on the other versions of Node that we support: test-nodes.mjs [VERSION...]
// They come as the npm package `node`, fetched when they are needed. The last line counts the versions.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const given = process.argv.slice(2)
const versions = given.length > 0 ? given : ["22", "24"]
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "fast"]

const failed = versions.filter((version) => {
  console.log(`test:nodes: Node ${version}`)
  return spawnSync("npx", ["-y", `node@${version}`, ...vitest], { cwd: root, stdio: "inherit" }).status !== 0
})
for (const version of failed) console.log(`test:nodes: the tests failed on Node ${version}`)
console.log(`${versions.length - failed.length} of ${versions.length} versions of Node are fine`)
process.exitCode = failed.length === 0 ? 0 : 1
