// Builds the package: src is compiled to dist, its shell scripts are copied beside it, the commands become executable.
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { copyShellScripts } from "./shell-scripts.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const dist = join(root, "dist")
// Built aside, so that what fails to compile leaves the last build as it was.
const fresh = join(root, "dist-fresh")

rmSync(fresh, { recursive: true, force: true })
const tsc = join(root, "node_modules/typescript/bin/tsc")
try {
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", fresh], { cwd: root, stdio: "inherit" })
} catch {
  rmSync(fresh, { recursive: true, force: true })
  process.exit(1)
}
rmSync(dist, { recursive: true, force: true })
renameSync(fresh, dist)

copyShellScripts(join(root, "src"), dist)

const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
for (const path of Object.values(bin)) {
  // `npm run package` reports a command that is named and not there; a build of the library alone may lack it.
  if (existsSync(join(root, path))) chmodSync(join(root, path), 0o755)
}
