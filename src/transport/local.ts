/** This machine: a `/bin/sh` that is a child of ours, in a session of its own, with the environment of a login. */
import { existsSync, watch } from "node:fs"
import { join } from "node:path"
import type { Clock } from "../clock.ts"
import { localLogin } from "../quote.ts"
import { type Argv, childShells } from "./childShells.ts"
import type { Transport } from "./transport.ts"

const names: ReadonlySet<string> = new Set("HOME USER LOGNAME SHELL PATH LANG TZ TMPDIR XDG_RUNTIME_DIR".split(" "))
const kept = (name: string): boolean => names.has(name) || name.startsWith("LC_")

/** `argv`: another shell than /bin/sh, for tests; it reads no login files. */
export function localTransport(clock: Clock, argv?: Argv): Transport {
  return {
    address: "this machine",
    connect: () => Promise.resolve(childShells(clock, (login) => argv ?? (login ? loginShell() : ["/bin/sh"]), kept)),
    watch: watchDirectory,
  }
}

function watchDirectory(directory: string, onName: (name: string) => void): () => void {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => {
      // A name that goes away is told, too.
      if (name !== null && existsSync(join(directory, name))) onName(name)
    })
    watcher.on("error", () => watcher.close())
    return () => watcher.close()
  } catch {
    // No such directory, or no more watches: it is listed all the same.
    return () => undefined
  }
}

/** What a user finds after logging in here, as over ssh; only commands are looked for where we look for them first. */
function loginShell(): Argv {
  return ["/bin/sh", "-l", "-c", localLogin, process.env["PATH"] ?? "/usr/bin:/bin"]
}
