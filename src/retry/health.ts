/** The health of a manager: what each sign of it leads to, as a table. docs/judging.md has it, too. */
import type { Health } from "../job/index.ts"

/**
 * `answered`: as one in working order does. `in-part`: it answers, but not in full. `troubled`: it answers, and less than
 * a minute ago it did not in full. The rest are classes of failures that say something of a manager.
 */
export type HealthSign = "answered" | "in-part" | "troubled" | "transient" | "in-doubt" | "busy" | "auth" | "gone"

const failures = {
  transient: "unreachable",
  "in-doubt": "unreachable",
  busy: "degraded",
  auth: "needs-login",
  gone: "gone",
} as const

/** One that does not answer is not better for an answer in part, which was under way before. */
const away = { answered: "up", troubled: "degraded", ...failures } as const

export const healthAfter: Readonly<Record<Health, Readonly<Record<HealthSign, Health>>>> = {
  up: { ...away, "in-part": "degraded" },
  degraded: { ...away, "in-part": "degraded" },
  unreachable: { ...away, "in-part": "unreachable" },
  "needs-login": { ...away, "in-part": "needs-login" },
  gone: { ...away, "in-part": "gone" },
}
