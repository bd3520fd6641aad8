import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../src/clock.ts"
import { openStore } from "../../src/persist/index.ts"
import { storeContract } from "./contract.ts"

const freshDirectory = () => mkdtemp(join(tmpdir(), "hawser-persist-"))

storeContract("the store in a directory", async () => openStore(await freshDirectory(), { clock: systemClock }))
