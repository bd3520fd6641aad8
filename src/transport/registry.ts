/** Which transports there are. */
import { type Ssh2Options, ssh2Transport } from "./ssh2.ts"
import { localTransport } from "./local.ts"
import type { Transport } from "./transport.ts"

/** What an executor's config says about the way to its manager. */
export interface TransportConfig {
  readonly transport: TransportName
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly identityFile?: string | undefined
  readonly knownHostsFile?: string | undefined
}

export type TransportOptions = Ssh2Options

export type TransportName = "local" | "ssh2"

type Factory = (config: TransportConfig, options: TransportOptions) => Transport

export const transports: Readonly<Record<TransportName, Factory>> = {
  local: (_config, { clock }) => localTransport(clock),
  ssh2: (config, options) => ssh2Transport({ ...config, host: config.host ?? "localhost" }, options),
}

export function transportFor(parts: TransportConfig & TransportOptions): Transport {
  const { clock, prompt, ...config } = parts
  return transports[config.transport](config, { clock, prompt })
}
