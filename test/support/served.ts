/** A FakeHawser behind a real control socket, in a folder of its own. */
import { once } from "node:events"
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { type Socket, createConnection } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { type ControlClient, connect } from "../../src/control/client.ts"
import { placeSocket } from "../../src/control/place.ts"
import { ControlServer, type ServeOptions } from "../../src/control/server.ts"
import { FakeHawser } from "./fake-hawser.ts"

/** For expect.poll: a busy machine may take its time. */
export const soon: { readonly timeout: number } = { timeout: 5_000 }

export interface Served extends AsyncDisposable {
  readonly fake: FakeHawser
  readonly server: ControlServer
  readonly env: NodeJS.ProcessEnv
  readonly stateDirectory: string
  connect(): Promise<ControlClient>
}

export async function serve(options: Partial<ServeOptions> = {}): Promise<Served> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "hz-")))
  mkdirSync(join(folder, "run"), { mode: 0o700 })
  const env = { XDG_RUNTIME_DIR: join(folder, "run") }
  const fake = new FakeHawser({ stateDirectory: folder })
  const place = (): string => placeSocket(folder, { env, fallback: folder })
  const server = await ControlServer.open({ api: fake, place, stateDirectory: folder, ...options })
  return {
    fake,
    server,
    env,
    stateDirectory: folder,
    connect: () => connect(server.socketPath),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

export interface RawClient {
  readonly socket: Socket
  readonly say: (message: object) => void
  readonly lines: AsyncIterator<string>
}

/** A client that sends whatever a test wants. */
export async function rawClient(path: string): Promise<RawClient> {
  const socket = createConnection(path)
  await once(socket, "connect")
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  return { socket, say: (message) => void socket.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`), lines }
}
