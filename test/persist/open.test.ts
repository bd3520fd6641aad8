import { systemClock } from "../../src/clock.ts"
import { openStore } from "../../src/persist/index.ts"
import { storeContract } from "./contract.ts"
import { freshDirectory } from "./directory.ts"

storeContract("the store in a directory", async () => openStore(await freshDirectory(), { clock: systemClock }))
