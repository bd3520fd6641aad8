/** A store that forgets everything at its end: for tests, and for those who want nothing on their disk. */
import type { Clock } from "../clock.ts"
import type { AnyEvent } from "../job/index.ts"
import { Commits } from "./commit.ts"
import { newIdentity } from "./identity.ts"
import { Ledger } from "./ledger.ts"
import { format } from "./segment.ts"
import type { JobStore } from "./store.ts"

/** Behaves as a directory's store does, but for the disk. */
export async function memoryStore({ clock }: { readonly clock: Clock }): Promise<JobStore> {
  const ledger = new Ledger()
  const commits = new Commits(ledger, clock, () => Promise.resolve())
  const identity = newIdentity(clock)
  const all: AnyEvent[] = []
  commits.subscribe((events) => void all.push(...events))
  const epoch = 1
  await commits.begin([
    { type: "opened", ...identity, format },
    { type: "controller", epoch, pid: process.pid, host: "memory" },
  ])
  return {
    jobs: ledger.jobs,
    managers: ledger.managers,
    newestByKey: (key) => ledger.newestByKey(key),
    identity,
    epoch,
    findings: [],
    append: (events) => commits.append(events),
    subscribe: (listener) => commits.subscribe(listener),
    subscribeFrom: (fromSeq, listener) =>
      commits.subscribeBehind(listener, async () => all.filter(({ seq }) => seq >= fromSeq)),
    [Symbol.asyncDispose]: () => commits.close(),
  }
}
