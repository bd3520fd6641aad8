/** Answered: what became of a submission that an earlier controller may have made, behind a guard that is ours. */
import { SchedulerError } from "../errors.ts"
import type { AnyEventBody } from "../job/index.ts"
import { submitOnce } from "../remote/submit.ts"
import type { Desk } from "./desk.ts"
import type { Live } from "./link.ts"
import { submissionOf } from "./submission.ts"
import type { Watched } from "./watched.ts"

/**
 * Guard and lock of a submission stand side by side on the manager's host: what was not submitted before the guard was
 * taken there never will be. So asking once more submits nothing, and tells. Empty: the manager was never asked, or has
 * refused it.
 */
export async function answeredBehind(
  desk: Desk,
  live: Live,
  { job, attempt }: Watched,
  signal: AbortSignal,
): Promise<AnyEventBody[]> {
  const { token, refusedTries } = attempt
  const inDoubt = {
    job: job.id,
    type: "in-doubt",
    token,
    reason: "An earlier controller may have submitted it.",
  } as const
  const inner = desk.scheduler.submit(submissionOf(job, attempt))
  try {
    const reply = await live.session.act(submitOnce(live.place, token, refusedTries + 1, inner), signal)
    if (reply.status === "answered") return [{ job: job.id, type: "accepted", token, ...reply.value }]
    return reply.status === "in-doubt" ? [inDoubt] : []
  } catch (error) {
    if (!(error instanceof SchedulerError)) throw error
    return error.class === "in-doubt" ? [inDoubt] : []
  }
}
