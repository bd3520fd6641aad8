/** Shells that are children of this process, as a connection: each channel is a process in a session of its own. */
import { spawn } from "node:child_process"
import type { Clock } from "../clock.ts"
import { TransportError } from "../errors.ts"
import { deferred } from "./deferred.ts"
import { exitOf } from "./exit.ts"
import type { Channel, Connection } from "./transport.ts"

export type Argv = readonly [string, ...string[]]

/** `argvFor`: what is started for a channel. `keeps`: which variables of our own environment it gets. */
export function childShells(
  clock: Clock,
  argvFor: (login: boolean) => Argv,
  keeps: (name: string) => boolean,
): Connection {
  const channels = new Set<Channel>()
  const closed = deferred<Error>()
  let isClosed = false
  return {
    closed: closed.promise,
    async channel(signal, { login = true } = {}) {
      signal?.throwIfAborted()
      if (isClosed) throw goneError()
      const channel = await spawnShell(clock, argvFor(login), keeps)
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

async function spawnShell(clock: Clock, [program, ...args]: Argv, keeps: (name: string) => boolean): Promise<Channel> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => keeps(name)))
  const child = spawn(program, args, { env, detached: true, stdio: "pipe" })
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

function goneError(): TransportError {
  return new TransportError("CONNECTION_CLOSED", { summary: "The connection was closed.", class: "transient" })
}

function spawnError(program: string, cause: Error): TransportError {
  return new TransportError("SPAWN_FAILED", {
    summary: `${program} can't be started.`,
    reason: cause.message,
    advice: "Look whether it is installed, and on the PATH of the program that runs Hawser.",
    class: "transient",
    cause,
  })
}
