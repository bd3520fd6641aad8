/** A TCP proxy on loopback that is slow on purpose, and can be cut or frozen. */
import { once } from "node:events"
import { type AddressInfo, type Socket, connect, createServer } from "node:net"

export interface DelayingProxy extends AsyncDisposable {
  readonly port: number
  /** How many connections were made through it so far. */
  connections(): number
  /** How many of them are open. */
  open(): number
  /**
   * How often the talk went over from the client to the server: what a client sends without waiting for an answer is
   * one turn, however many packets it is.
   */
  turns(): number
  /** Ports of our ends of the connections to the server. */
  upstreamPorts(): readonly number[]
  /** Resets all connections; new ones are taken. */
  cut(): void
  /** Nothing is forwarded any more, and nothing is closed. */
  freeze(): void
  /** What was held back is forwarded. */
  thaw(): void
  /**
   * One side of each connection is gone, and the other is not told: it may go on with what it has, and hears nothing any
   * more. New connections are served. `gone`: the side that has gone.
   */
  halfOpen(gone: "client" | "server"): void
}

/** `delayMs` in each direction: the round trip takes twice that. */
export async function delayingProxy(
  target: { readonly host: string; readonly port: number },
  delayMs = 0,
): Promise<DelayingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let connections = 0
  let turns = 0
  let speaker: "client" | "server" = "server"
  let isFrozen = false
  let held: (() => void)[] = []
  /** Sockets of which the other side hears nothing any more, not even the end. */
  const silent = new WeakSet<Socket>()

  const later = (from: Socket, act: () => void): void => {
    setTimeout(() => {
      if (silent.has(from)) return
      if (isFrozen) held.push(act)
      else act()
    }, delayMs)
  }
  const forward = (from: Socket, to: Socket, name: "client" | "server"): void => {
    from.setNoDelay(true)
    from.on("data", (chunk: Buffer) => {
      if (name === "client" && speaker === "server") turns += 1
      speaker = name
      later(from, () => to.writable && to.write(chunk))
    })
    from.on("end", () => later(from, () => to.end()))
    from.on("error", () => later(from, () => to.destroy()))
  }
  const server = createServer({ allowHalfOpen: true }, (client) => {
    connections += 1
    const upstream = connect({ ...target, allowHalfOpen: true })
    const pair = [client, upstream] as const
    pairs.add(pair)
    forward(client, upstream, "client")
    forward(upstream, client, "server")
    for (const socket of pair) {
      socket.on("close", () => client.destroyed && upstream.destroyed && pairs.delete(pair))
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const cut = (): void => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
  }
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    open: () => pairs.size,
    turns: () => turns,
    upstreamPorts: () => [...pairs].map(([, upstream]) => upstream.localPort ?? 0),
    cut,
    freeze: () => void (isFrozen = true),
    thaw() {
      isFrozen = false
      const acts = held
      held = []
      for (const act of acts) act()
    },
    halfOpen(gone) {
      for (const pair of pairs) {
        for (const socket of pair) silent.add(socket)
        pair[gone === "client" ? 0 : 1].resetAndDestroy()
      }
    },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, "close")
    },
  }
}
