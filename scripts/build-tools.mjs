// Compiles what stands around the package to dist-tools; Node 20 cannot run TypeScript. Programs that look at the sources
// (test/support/chaos) have them compiled beside them, with the shell scripts that those read.
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { copyShellScripts } from "./shell-scripts.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const tsc = join(root, "node_modules/typescript/bin/tsc")
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.tools.json"], { cwd: root, stdio: "inherit" })
process.exitCode = status ?? 1
if (status === 0) copyShellScripts(join(root, "src"), join(root, "dist-tools/src"))
