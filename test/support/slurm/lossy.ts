/** Ports before a slurmctld where answers get lost: sbatch itself says what it says then. */
import { once } from "node:events"
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net"

export interface LossyPorts extends AsyncDisposable {
  /** Requests get lost: whoever sends one is hung up on. */
  readonly deaf: number
  /** Requests are carried out, and their answers get lost. */
  readonly mute: number
}

/** On 127.0.0.1. */
export async function lossyPorts(controller: { readonly host: string; readonly port: number }): Promise<LossyPorts> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket.on("error", () => undefined).on("close", () => sockets.delete(socket)))
    return socket
  }
  const deaf = await listening((client) => void keep(client).once("data", () => client.destroy()))
  const mute = await listening((client) => {
    const upstream = keep(connect(controller))
    keep(client).on("data", (chunk) => void upstream.write(chunk))
    upstream.once("data", () => upstream.destroy()).once("close", () => client.destroy())
  })
  return {
    deaf: portOf(deaf),
    mute: portOf(mute),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await Promise.all(
        [deaf, mute].map((server) => {
          server.close()
          return once(server, "close")
        }),
      )
    },
  }
}

async function listening(serve: (client: Socket) => void): Promise<Server> {
  const server = createServer(serve).listen(0, "127.0.0.1")
  await once(server, "listening")
  return server
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
