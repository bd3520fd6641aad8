/** Acceptance, as a client without a person waits for it: not for an answer that somebody else is asked for. */
import type { HawserApi, Prompt } from "../hawser.ts"
import type { JobView } from "../job/index.ts"
import type { Prompts } from "./prompts.ts"

/**
 * As `HawserApi.accepted`. Jobs of an executor on the way to which a person is asked, now or before they are accepted, are
 * answered for as they are: they are recorded, and their `reason` says who is asked.
 */
export async function acceptedWithout(
  api: Pick<HawserApi, "accepted" | "show">,
  prompts: Prompts,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly JobView[]> {
  const jobs = await Promise.all(ids.map((id) => api.show(id)))
  const found = new Map<string, JobView>()
  await Promise.all(
    [...new Set(jobs.map(({ executor }) => executor))].map(async (executor) => {
      const theirs = jobs.flatMap((job) => (job.executor === executor ? [job.id] : []))
      const over = new AbortController()
      const either = AbortSignal.any([signal, over.signal])
      try {
        const accepted = api.accepted(theirs, either)
        // Who came too late for it hears of it in the race alone.
        void accepted.catch(() => undefined)
        const answer = await Promise.race([accepted, prompts.asked(executor, either)])
        const views =
          "questions" in answer
            ? (await Promise.all(theirs.map((id) => api.show(id)))).map((job) => waitingFor(job, answer))
            : answer
        for (const job of views) found.set(job.id, job)
      } finally {
        over.abort()
      }
    }),
  )
  return ids.flatMap((id) => found.get(id) ?? [])
}

function waitingFor(job: JobView, { host, questions }: Prompt): JobView {
  const what = questions.map(({ text }) => text.trim().replace(/:$/, "")).join(", ")
  return { ...job, reason: job.reason ?? `somebody at another terminal is asked for the login to ${host}: ${what}` }
}
