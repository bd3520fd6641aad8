/** Programs of the tests, compiled: Node 20 cannot run TypeScript. */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

export interface Compiled extends Disposable {
  /** The compiled file of one below the root: `test/support/fake-main.ts`. */
  file(source: string): string
}

/** Compiles the file and what it imports. Inside node_modules, so that packages are found. */
export function compile(source: string): Compiled {
  const parent = join(root, "node_modules/.cache/hawser")
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, "compiled-"))
  const options = "--noEmit false --declaration false --isolatedDeclarations false --noCheck --ignoreConfig".split(" ")
  const target = "--target es2023 --module nodenext --rewriteRelativeImportExtensions --types node".split(" ")
  const places = ["--rootDir", root, "--outDir", folder, join(root, source)]
  execFileSync(join(root, "node_modules/.bin/tsc"), [...options, ...target, ...places], { stdio: "pipe" })
  // Node looks for a package's type no higher than node_modules.
  writeFileSync(join(folder, "package.json"), '{"type":"module"}')
  return {
    file: (path) => join(folder, path.replace(/\.ts$/, ".js")),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}
