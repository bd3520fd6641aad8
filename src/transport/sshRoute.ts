/** The byte stream to a host's sshd: a socket, the output of a ProxyCommand, or a channel of the host before it. */
import { spawn } from "node:child_process"
import { connect } from "node:net"
import { Duplex } from "node:stream"
import type { Client } from "ssh2"
import { proxyScript } from "../quote.ts"
import type { SshSettings } from "./sshSettings.ts"

/** Resolves when connected; `close` ends what was started for it. Rejects with the system's own error. */
export interface Route {
  readonly stream: Duplex
  close(): void
}

export function directRoute(settings: SshSettings, signal: AbortSignal): Promise<Route> {
  const { hostname: host, port, family } = settings
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, family, noDelay: true, keepAlive: true, signal })
    socket.once("error", reject)
    socket.once("connect", () => {
      socket.off("error", reject)
      resolve({ stream: socket, close: () => socket.destroy() })
    })
  })
}

/** Through a host that we are logged in to already. */
export function forwardedRoute(client: Client, settings: SshSettings): Promise<Route> {
  const { hostname, port } = settings
  return new Promise((resolve, reject) => {
    client.forwardOut("127.0.0.1", 0, hostname, port, (error, stream) => {
      if (error) reject(Object.assign(error, { code: "EHOSTUNREACH" }))
      else resolve({ stream, close: () => void stream.destroy() })
    })
  })
}

/** As OpenSSH runs it: the user's own text, in a shell. */
export function proxyRoute(command: string): Promise<Route> {
  const child = spawn("/bin/sh", ["-c", proxyScript(command)], { stdio: ["pipe", "pipe", "ignore"], detached: true })
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", () => stream.destroy())
    child.once("spawn", () => {
      child.off("error", reject)
      child.on("error", () => undefined)
      resolve({ stream, close: () => void child.kill() })
    })
  })
}
