/** Flux behind the executor for managers that count resources themselves, over a fake flux with real processes. */
import { flux } from "../../src/schedulers/flux/index.ts"
import { dialect, executorContract } from "./contract.ts"

executorContract(
  dialect("flux", flux, {
    "what is suspended while it runs goes on when it is resumed": "Flux suspends nothing",
    "what the manager suspends is suspended, and goes on": "Flux suspends nothing",
    "out of memory: failed with cause out-of-memory": "Flux does not watch memory; the kernel's KILL is a signal",
    "preempted: failed with cause preempted": "Flux preempts nothing by itself",
  }),
)
