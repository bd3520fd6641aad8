import { systemClock } from "../../src/clock.ts"
import { memoryStore } from "../../src/persist/index.ts"
import { storeContract } from "./contract.ts"

storeContract("the store in memory", () => memoryStore({ clock: systemClock }))
