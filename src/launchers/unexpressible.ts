/** What a launcher says of an option that it does not have. */
import { UsageError } from "../errors.ts"

export function unexpressible(launcher: string, what: string): UsageError {
  return new UsageError("SPEC_INVALID", {
    summary: `${launcher} takes no ${what}.`,
    reason: `launcher asks for ${what}, and ${launcher} has no option for it.`,
    advice: "Leave it out, write the launcher's own options into launcher.options, or choose another launcher.",
  })
}
