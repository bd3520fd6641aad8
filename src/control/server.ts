/** Serves a HawserApi on a Unix socket that only this user can reach. */
import { lstat, rename, rm, chmod } from "node:fs/promises"
import { type Server, type Socket, createServer } from "node:net"
import { dirname, join } from "node:path"
import { type Clock, systemClock } from "../clock.ts"
import { HawserError } from "../errors.ts"
import type { HawserApi } from "../hawser.ts"
import { version } from "../version.ts"
import { Connection } from "./connection.ts"
import { checkLength } from "./place.ts"
import { controllerGone } from "./plain.ts"
import { Prompts } from "./prompts.ts"
import { messageBytesMax, protocolNumber } from "./protocol.ts"

export interface ServeOptions {
  readonly api: HawserApi
  /** From `placeSocket`. Asked again when the socket is gone from where it stood. */
  readonly place: () => string
  /** The real path. */
  readonly stateDirectory: string
  /** What clients with a person are asked. Default: nothing. */
  readonly prompts?: Prompts
  readonly clock?: Clock
  readonly messageBytesMax?: number
  readonly unreadBytesMax?: number
}

/** How long requests under way may take when the server closes. */
const closeMsMax = 10_000

export class ControlServer implements AsyncDisposable {
  private readonly options: ServeOptions
  private readonly clock: Clock
  private readonly prompts: Prompts
  private readonly connections = new Set<Connection>()
  private listening: { readonly server: Server; readonly path: string; readonly inode: number } | null = null
  private lastActivityMs: number
  private stays = false

  private constructor(options: ServeOptions) {
    this.options = options
    this.clock = options.clock ?? systemClock
    this.prompts = options.prompts ?? new Prompts(this.clock)
    this.lastActivityMs = this.clock.monotonic()
  }

  /** Only the owner of the state directory may: whatever stands at the place is taken for a dead controller's. */
  static async open(options: ServeOptions): Promise<ControlServer> {
    const server = new ControlServer(options)
    await server.listen()
    return server
  }

  get socketPath(): string {
    if (this.listening === null) throw new HawserError("CLOSING", { summary: "The control socket is closed." })
    return this.listening.path
  }

  /** Requests that are not answered yet, of all clients. */
  get pendingCalls(): number {
    return [...this.connections].reduce((sum, connection) => sum + connection.pendingCalls, 0)
  }

  /** Since the last request came in or was answered; 0 while one is under way. */
  get quietMs(): number {
    return this.pendingCalls > 0 ? 0 : this.clock.monotonic() - this.lastActivityMs
  }

  /** A client asked the controller to stay, also when nothing is left to do. */
  get isAskedToStay(): boolean {
    return this.stays
  }

  /**
   * Listens anew if the socket is gone: logging out removes /run/user/UID, and /tmp is tidied. Else the controller
   * would live on with nobody able to reach it.
   */
  async keepListening(): Promise<void> {
    if (this.listening === null || (await this.isInPlace())) return
    this.listening.server.close()
    await this.listen()
  }

  /** Takes no more, ends waits with `why`, gives what is under way some seconds, and hangs up. */
  async close(why: HawserError): Promise<void> {
    if (this.listening === null) return
    const { server, path } = this.listening
    const isOurs = await this.isInPlace()
    this.listening = null
    server.close()
    if (isOurs) await rm(path, { force: true })
    await Promise.all([...this.connections].map((connection) => connection.close(closeMsMax, why)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(controllerGone("Its process is ending."))
  }

  private async isInPlace(): Promise<boolean> {
    if (this.listening === null) return false
    const stats = await lstat(this.listening.path).catch(() => undefined)
    return stats?.ino === this.listening.inode
  }

  // Bound under another name and renamed: so it never stands there with a wider mode, it replaces what a dead controller
  // left, and libuv, which unlinks the name that it bound, never unlinks a successor's.
  private async listen(): Promise<void> {
    const path = this.options.place()
    const bound = join(dirname(path), this.clock.nonce(6))
    for (const one of [path, bound]) checkLength(one)
    const server = createServer((socket) => this.accept(socket))
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(bound, () => resolve())
    })
    server.on("error", () => undefined)
    await chmod(bound, 0o600)
    await rename(bound, path)
    this.listening = { server, path, inode: (await lstat(path)).ino }
  }

  private accept(socket: Socket): void {
    if (this.listening === null) return void socket.destroy()
    const { api, stateDirectory } = this.options
    const connection = new Connection(socket, {
      api,
      clock: this.clock,
      prompts: this.prompts,
      welcome: { protocol: protocolNumber, version, pid: process.pid, stateDirectory },
      limits: {
        messageBytesMax: this.options.messageBytesMax ?? messageBytesMax,
        unreadBytesMax: this.options.unreadBytesMax ?? 128 * 1024 * 1024,
      },
      onStay: () => (this.stays = true),
      onActivity: () => (this.lastActivityMs = this.clock.monotonic()),
    })
    this.connections.add(connection)
    // A submission that is under way is carried out, also when its client is gone.
    socket.on("close", () => void connection.settled().then(() => this.connections.delete(connection)))
  }
}
