/** The names that the registries know: what a config may say. */
import { launchers } from "../launchers/registry.ts"
import { schedulers } from "../schedulers/registry.ts"
import { transports } from "../transport/registry.ts"
import type { KnownNames } from "./config.ts"

export function knownNames(): KnownNames {
  return {
    schedulers: Object.keys(schedulers),
    transports: Object.keys(transports).filter((name) => name !== "command"),
    launchers: Object.keys(launchers),
  }
}
