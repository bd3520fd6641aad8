/** The clause of the contract of executors for which Grid Engine has to be restarted, so that it gives an id again. */
import { describe } from "vitest"
import { executorContract } from "../executors/contract.ts"
import { breakableRig } from "../support/cluster.ts"
import { RenumberedGridEngine } from "../support/sge/renumbered.ts"
import { realGridEngine, withoutGridEngine } from "../support/sge/subject.ts"

const reason = withoutGridEngine ?? (typeof breakableRig === "string" ? breakableRig : null)

describe.skipIf(reason !== null)(`a real Grid Engine${reason === null ? "" : ` (skipped: ${reason})`}`, () =>
  executorContract(
    realGridEngine(RenumberedGridEngine, {
      only: ["an id that was given to a stranger is not taken for ours, and the stranger is left alone"],
    }),
  ),
)
