// The shell scripts of the sources, which the compiler leaves where they are.
import { cpSync, statSync } from "node:fs"

export function copyShellScripts(from, to) {
  cpSync(from, to, { recursive: true, filter: (path) => statSync(path).isDirectory() || path.endsWith(".sh") })
}
