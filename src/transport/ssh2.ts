/** SSH by the ssh2 package: no OpenSSH client needed, its configuration is honoured. */
import type { Client, ClientChannel } from "ssh2"
import type { Clock } from "../clock.ts"
import type { TransportError } from "../errors.ts"
import { loginShell, plainShell } from "../quote.ts"
import { exitOf } from "./exit.ts"
import type { SshLink } from "./sshConnect.ts"
import { channelError, lostError } from "./sshErrors.ts"
import { Keyring } from "./keyring.ts"
import { type Person, nobody } from "./person.ts"
import type { SshConfig } from "./sshConfig.ts"
import type { Channel, Connection, Transport } from "./transport.ts"

const connectTimeoutMsDefault = 30_000

export interface Ssh2Options {
  readonly clock: Clock
  /** For passphrases and the server's questions. Default: nobody. */
  readonly person?: Person | undefined
  /** Keys that stay unlocked, shared by those that use them. Default: each connection asks again. */
  readonly keyring?: Keyring | undefined
  /** Whose transport it is, for the person. */
  readonly executor?: string | undefined
}

export function ssh2Transport(config: SshConfig, options: Ssh2Options): Transport {
  const { host, port, user } = config
  const { clock, person = nobody, executor = null } = options
  return {
    address: `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`,
    async connect(signal, { timeoutMs = connectTimeoutMsDefault } = {}) {
      signal?.throwIfAborted()
      // Loaded with the first connection: ssh2 is large, and most commands never connect.
      const { keyring = new Keyring() } = options
      const { connectSsh } = await import("./sshConnect.ts")
      return connectionOver(await connectSsh(config, { clock, person, keyring, executor, timeoutMs, signal }), clock)
    },
  }
}

function connectionOver(link: SshLink, clock: Clock): Connection {
  return {
    closed: link.closed,
    opensAhead: true,
    channel: (signal, { login = true } = {}) => openChannel(link, clock, login ? loginShell : plainShell, signal),
    [Symbol.asyncDispose]: () => link.close(),
  }
}

async function openChannel(link: SshLink, clock: Clock, command: string, signal?: AbortSignal): Promise<Channel> {
  signal?.throwIfAborted()
  const stream = await run(link, command)
  // A channel that breaks is told by `exit`.
  stream.on("error", () => undefined)
  stream.stderr.on("error", () => undefined)
  const destroy = (): void => {
    stream.close()
    // What nobody reads would keep it from closing.
    stream.resume()
    stream.stderr.resume()
  }
  if (signal?.aborted) destroy()
  signal?.throwIfAborted()
  return { stdin: stream, stdout: stream, stderr: stream.stderr, exit: exitOf(clock, stream), destroy }
}

function run({ client, settings, closed }: SshLink, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const lost = (cause: Error): TransportError => lostError(settings, cause)
    void closed.then(reject)
    const onOpen = (error: Error | undefined, stream: ClientChannel): void => {
      if (error === undefined) resolve(stream)
      else if (error.message.startsWith("No response")) void closed.then(reject)
      else reject(channelError(settings, error))
    }
    execOrThrow(client, command, onOpen, (error) => reject(lost(error)))
  })
}

/** ssh2 throws at once when the connection is gone. */
function execOrThrow(
  client: Client,
  command: string,
  onOpen: (error: Error | undefined, stream: ClientChannel) => void,
  onThrow: (error: Error) => void,
): void {
  try {
    client.exec(command, onOpen)
  } catch (error) {
    onThrow(error instanceof Error ? error : new Error(String(error)))
  }
}
