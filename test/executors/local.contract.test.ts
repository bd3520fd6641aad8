/** Processes of this host, without a manager: what the contract asks of one can't be had, and the rest holds. */
import { none } from "../../src/launchers/none.ts"
import { processExecutor } from "../../src/executors/local.ts"
import { process as processes } from "../../src/schedulers/process.ts"
import { localTransport } from "../../src/transport/local.ts"
import { clauses, executorContract } from "./contract.ts"

/** Those that need no manager. */
const kept: ReadonlySet<string> = new Set([
  "a job runs once, its output comes back, and its native id is known",
  "exit codes and signals are told apart, also where an exit code looks like a signal",
  "what is suspended while it runs goes on when it is resumed",
  "cancelled while it runs, it ends",
  "cancelled while it runs and deaf to TERM, it ends by KILL",
  "killed, a controller is followed by another on its state directory, and each job runs once",
])

const reason =
  "a process has no manager that could queue, refuse, suspend, forget or misname it; local.test.ts kills it"

executorContract({
  name: "process",
  parts: (stand) => ({
    cluster: null,
    parts: processExecutor({
      name: "fake",
      scheduler: processes,
      transport: localTransport(stand.clock),
      launcherFor: () => none,
      defaults: {},
      limits: { maxQueued: null, maxSubmitPerMinute: null, minPollSeconds: null },
      capacity: { cores: 8, memory: null, gpus: null },
      root: stand.path("root"),
      retentionMs: null,
    }),
  }),
  exceptions: Object.fromEntries(
    Object.keys(clauses)
      .filter((title) => !kept.has(title))
      .map((title) => [title, reason]),
  ),
})
