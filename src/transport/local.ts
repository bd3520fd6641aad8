/** This machine: a `/bin/sh` that is a child of ours, in a session of its own, with the environment of a login. */
import { spawn } from "node:child_process"
import { existsSync, watch } from "node:fs"
import { join } from "node:path"
import type { Clock } from "../clock.ts"
import { TransportError } from "../errors.ts"
import { localLogin } from "../quote.ts"
import { deferred } from "./deferred.ts"
import { exitOf } from "./exit.ts"
import type { Channel, Connection, Transport } from "./transport.ts"

const kept: ReadonlySet<string> = new Set("HOME USER LOGNAME SHELL PATH LANG TZ TMPDIR XDG_RUNTIME_DIR".split(" "))

type Argv = readonly [string, ...string[]]

/** `argv`: another shell than /bin/sh, for tests; it reads no login files. */
export function localTransport(clock: Clock, argv?: Argv): Transport {
  return {
    address: "this machine",
    connect: () => Promise.resolve(localConnection(clock, argv)),
    watch: watchDirectory,
  }
}

function localConnection(clock: Clock, argv: Argv | undefined): Connection {
  const channels = new Set<Channel>()
  const closed = deferred<Error>()
  let isClosed = false
  return {
    closed: closed.promise,
    async channel(signal, { login = true } = {}) {
      signal?.throwIfAborted()
      if (isClosed) throw goneError()
      const channel = await spawnShell(clock, argv ?? (login ? loginShell() : ["/bin/sh"]))
      channels.add(channel)
      void channel.exit.then(() => channels.delete(channel))
      return channel
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      const open = [...channels]
      for (const channel of open) channel.destroy()
      await Promise.all(open.map((channel) => channel.exit))
      closed.resolve(goneError())
    },
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

async function spawnShell(clock: Clock, [program, ...args]: Argv): Promise<Channel> {
  const child = spawn(program, args, { env: cleanEnvironment(process.env), detached: true, stdio: "pipe" })
  // A broken pipe is told by `exit`.
  for (const stream of child.stdio) stream?.on("error", () => undefined)
  const exit = exitOf(clock, child)
  const destroy = (): void => {
    child.kill("SIGKILL")
    for (const stream of child.stdio) stream?.destroy()
  }
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve)
    child.once("error", (cause) => reject(spawnError(program, cause)))
  })
  return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exit, destroy }
}

/** What a user finds after logging in here, as over ssh; only commands are looked for where we look for them first. */
function loginShell(): Argv {
  return ["/bin/sh", "-l", "-c", localLogin, process.env["PATH"] ?? "/usr/bin:/bin"]
}

function cleanEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => kept.has(name) || name.startsWith("LC_")))
}

function goneError(): TransportError {
  return new TransportError("CONNECTION_CLOSED", { summary: "The connection was closed.", class: "transient" })
}

function spawnError(program: string, cause: Error): TransportError {
  return new TransportError("SPAWN_FAILED", {
    summary: `${program} can't be started.`,
    reason: cause.message,
    class: "transient",
    cause,
  })
}
