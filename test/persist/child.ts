/** A controller of its own for the tests: owns the state directories that it is told, and says what it could do. */
import { createInterface } from "node:readline"
import { systemClock } from "../../src/clock.ts"
import { HawserError } from "../../src/errors.ts"
import { type OwnedStore, openStore } from "../../src/persist/index.ts"
import { life } from "./life.ts"

let store: OwnedStore | null = null
let count = 0

const say = (...words: (string | number)[]) => process.stdout.write(`${words.join(" ")}\n`)

/** What a line of stdin can ask for. */
const commands: Record<string, (argument: string) => Promise<void>> = {
  open: async (directory) => {
    store = await openStore(directory, { clock: systemClock, snapshotEvents: 60 })
    say("opened", store.epoch)
  },
  /** Appends lives until it can't, and says each when it is acknowledged. */
  write: async (prefix) => {
    for (;;) {
      const jobs = Array.from({ length: 3 }, () => `${prefix}-${count++}`)
      await Promise.all(
        jobs.map(async (job) => {
          await store?.append(life(job))
          say("acknowledged", job)
        }),
      )
    }
  },
  close: async () => {
    await store?.close()
    say("closed")
  },
}

say("ready", process.pid)
for await (const line of createInterface({ input: process.stdin })) {
  const [command = "", argument = ""] = line.split(" ")
  await commands[command]?.(argument).catch((error: unknown) => {
    say("failed", error instanceof HawserError ? error.code : String(error))
    say("because", String(error).replaceAll("\n", " "))
  })
}
