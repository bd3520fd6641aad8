/** Which transports there are. */
import { UsageError } from "../errors.ts"
import type { Argv } from "./childShells.ts"
import { commandTransport } from "./command.ts"
import { type Ssh2Options, ssh2Transport } from "./ssh2.ts"
import { localTransport } from "./local.ts"
import type { Transport } from "./transport.ts"

/** What an executor's config says about the way to its manager. */
export interface TransportConfig {
  readonly transport: string
  /** Of transport `command`: the argv that gives us `sh`. */
  readonly command?: readonly string[] | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly identityFile?: string | undefined
  readonly knownHostsFile?: string | undefined
}

export type TransportOptions = Ssh2Options

type Factory = (config: TransportConfig, options: TransportOptions) => Transport

export const transports: Readonly<Record<string, Factory>> = {
  local: (_config, { clock }) => localTransport(clock),
  command: ({ command }, { clock }) => commandTransport(argvOf(command), clock),
  ssh2: (config, options) => ssh2Transport({ ...config, host: config.host ?? "localhost" }, options),
}

/** Throws `TRANSPORT_UNKNOWN` with the names that there are. */
export function transportFor({
  clock,
  person,
  keyring,
  executor,
  ...config
}: TransportConfig & TransportOptions): Transport {
  const factory = Object.hasOwn(transports, config.transport) ? transports[config.transport] : undefined
  if (factory !== undefined) return factory(config, { clock, person, keyring, executor })
  throw new UsageError("TRANSPORT_UNKNOWN", {
    summary: `There is no transport called "${config.transport}".`,
    advice: `Use one of: ${Object.keys(transports).join(", ")}.`,
  })
}

function argvOf([program, ...args]: readonly string[] = []): Argv {
  if (program !== undefined) return [program, ...args]
  throw new UsageError("TRANSPORT_UNKNOWN", {
    summary: "Transport command has no command.",
    advice: "Write the words of a command that gives a shell, such as {command: [docker, exec, -i, box, sh]}.",
  })
}
