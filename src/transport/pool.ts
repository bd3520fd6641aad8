/** A pool: one way to a host for several executors, over no more connections than are allowed. */
import type { Connection, Transport } from "./transport.ts"

interface Shared {
  readonly connection: Connection
  users: number
  /** One of its users has let it go, as one does with a connection that fails. */
  isSuspect: boolean
}

/**
 * The same transport with at most `max` connections at a time: beyond that those who connect share the one with the
 * fewest users. Each of them closes what it was given, and the connection ends with the last. One that somebody has let go
 * is not given to anybody else; where no other may be opened it is closed first, and its other users connect again.
 */
export function pooled(transport: Transport, max: number): Transport {
  const open = new Set<Shared>()
  let opening: Promise<Shared> | null = null
  const connectNew = async (...way: Parameters<Transport["connect"]>): Promise<Shared> => {
    const connection = await transport.connect(...way)
    const shared = { connection, users: 1, isSuspect: false }
    open.add(shared)
    void connection.closed.then(() => open.delete(shared))
    return shared
  }
  const find = async (...way: Parameters<Transport["connect"]>): Promise<Shared> => {
    for (;;) {
      // One at a time: what it opens may be enough for the next one, too.
      await opening?.catch(() => undefined)
      if (opening !== null) continue
      way[0]?.throwIfAborted()
      const [best] = [...open].filter(({ isSuspect }) => !isSuspect).sort((a, b) => a.users - b.users)
      if (open.size >= max && best !== undefined) {
        best.users += 1
        return best
      }
      if (open.size >= max) await end(open, [...open][0])
      opening = connectNew(...way).finally(() => {
        opening = null
      })
      return opening
    }
  }
  return {
    address: transport.address,
    ...(transport.watch === undefined ? {} : { watch: transport.watch.bind(transport) }),
    connect: async (...way) => handOut(open, await find(...way)),
  }
}

function handOut(open: Set<Shared>, shared: Shared): Connection {
  const { connection } = shared
  let isMine = true
  let close: (why: Error) => void = () => undefined
  const closed = new Promise<Error>((resolve) => {
    close = resolve
  })
  void connection.closed.then(close)
  // Not `opensAhead`: others need channels, too.
  return {
    closed,
    channel: (signal, options) => connection.channel(signal, options),
    async [Symbol.asyncDispose]() {
      if (!isMine) return
      isMine = false
      shared.users -= 1
      shared.isSuspect = true
      if (shared.users === 0) await end(open, shared)
      close(new Error("It was given back."))
    },
  }
}

async function end(open: Set<Shared>, shared: Shared | undefined): Promise<void> {
  if (shared === undefined) return
  open.delete(shared)
  await shared.connection[Symbol.asyncDispose]()
}
