import { describe } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { ssh2Transport } from "../../src/transport/ssh2.ts"
import { rig } from "../support/rig.ts"
import { transportContract } from "../transport/contract.ts"

describe.skipIf(typeof rig === "string")(typeof rig === "string" ? `ssh2 (skipped: ${rig})` : "ssh2", () => {
  if (typeof rig === "string") return
  const { host, port, user, identityFile, knownHostsFile } = rig
  transportContract("a session", () =>
    ssh2Transport({ host, port, user, identityFile, knownHostsFile }, { clock: systemClock }),
  )
})
