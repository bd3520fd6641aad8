/** Flux in an instance of our own: the same dialect, each command for the instance that is at its place just then. */
import type { Command } from "../../command.ts"
import type { Evidence } from "../../job/index.ts"
import type { Listing, OwnInstance, Scheduler } from "../scheduler.ts"
import { cancel } from "./control.ts"

/** What Flux says of a job that it canceled for itself, when it was shut down: the type of its exception, and no note. */
const unexplained = "cancel"

export function inOwnInstance(flux: Scheduler, { directory, token }: OwnInstance): Scheduler {
  const inside = <T>(command: Command<T>, ...verb: readonly string[]): Command<T> => ({
    ...command,
    argv: ["hz_in_instance", directory, token, ...verb, ...command.argv],
  })
  const told = (command: Command<Listing>): Command<Listing> =>
    inside({ ...command, parse: (result) => withoutStops(command.parse(result)) })
  const all = <T>(commands: readonly Command<T>[] | null): Command<T>[] => (commands ?? []).map((one) => inside(one))
  return {
    ...flux,
    submit: (submission) => inside(flux.submit(submission), "hz_flux_durable"),
    queue: (natives) => told(flux.queue(natives)),
    history: (natives, since) => {
      const command = flux.history(natives, since)
      return command === null ? null : told(command)
    },
    look: (natives, since) => flux.look(natives, since).map(told),
    // With a note, by which it is told apart from a cancel of Flux's own.
    cancel: (natives, how) => all(cancel(natives, how, "hawser")),
    hold: (natives) => all(flux.hold(natives)),
    release: (natives) => all(flux.release(natives)),
    probe: () => inside(flux.probe()),
  }
}

/** Nobody cancels without a word what is not his own. What did was the instance itself, at the end of its allocation. */
function withoutStops(listing: Listing): Listing {
  return { ...listing, evidence: listing.evidence.map(asStop) }
}

function asStop(evidence: Evidence): Evidence {
  if (evidence.outcome?.state !== "cancelled" || evidence.reason !== unexplained) return evidence
  return {
    ...evidence,
    outcome: { state: "failed", cause: "preempted", exitCode: null, signal: null },
    reason: "its Flux instance was shut down (or somebody canceled it there without a word)",
  }
}
