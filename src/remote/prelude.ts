/** What our shells read first, and the job wrapper: shell text that lives in the .sh files beside this one. */
import { createHash } from "node:crypto"
import { UsageError } from "../errors.ts"
import { quoteAll, script } from "../quote.ts"
import { shellText } from "./shellText.ts"

const preludeFiles = [
  "record.sh",
  "verbs.sh",
  "submit.sh",
  "hosts.sh",
  "process.sh",
  "sge.sh",
  "oar.sh",
  "slurm.sh",
  "glob.sh",
  "staging.sh",
  "selected.sh",
  "instance.sh",
]
const wrapperFiles = [
  "facts.sh",
  "glob.sh",
  "outputs.sh",
  "walltime.sh",
  "hosts.sh",
  "signals.sh",
  "record.sh",
  "guard.sh",
  "exit.sh",
  "wrapper.sh",
]

/**
 * The verbs, for a shell that facts.sh and frame.sh have set up. Variables whose names match one of `foreign` (shell patterns) are
 * unset; a pattern after `!` is kept (`SLURM_*` and `!SLURM_CONF`).
 */
export function prelude(foreign: readonly string[] = []): string {
  return shellText(preludeFiles) + unsetting(foreign)
}

/** The wrapper, one file: what an attempt runs. */
export function wrapperText(): string {
  return shellText(wrapperFiles)
}

/** Its file name in `<home>/bin`; another text has another name. */
export function wrapperName(): string {
  return `wrapper.${createHash("sha256").update(wrapperText()).digest("hex").slice(0, 12)}.sh`
}

function unsetting(foreign: readonly string[]): string {
  for (const pattern of foreign) {
    if (!/^!?[A-Za-z_][A-Za-z0-9_*?[\]!-]*$/.test(pattern)) {
      throw new UsageError("FOREIGN_VARIABLE_INVALID", {
        summary: `"${pattern}" is no pattern for names of variables.`,
      })
    }
  }
  return foreign.length === 0 ? "" : script([quoteAll(["hz_unset", ...foreign])])
}
