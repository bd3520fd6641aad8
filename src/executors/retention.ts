/** Retention: job directories that an executor's config wants gone are pruned by the controller itself. */
import { asHawserError } from "../errors.ts"
import { hasTombstone, isFinal } from "../job/index.ts"
import type { FleetView } from "./parts.ts"

/** Between two looks: spans are days. The first one comes when a controller has had time for what is urgent. */
const firstLookMs = 2_000
const lookMs = 600_000

/**
 * Looks now and then until the signal is aborted; returns at once where no executor has a retention. A host that can't be
 * reached keeps what it has, until another look.
 */
export async function keepRetention(fleet: FleetView, signal: AbortSignal): Promise<void> {
  const { clock, executors } = fleet.parts
  const limits = [...executors.values()].flatMap(({ name, retentionMs }) =>
    retentionMs === null ? [] : [{ name, retentionMs }],
  )
  if (limits.length === 0) return
  for (let waitMs = firstLookMs; !signal.aborted; waitMs = lookMs) {
    await clock.sleep(waitMs, signal).catch(() => undefined)
    for (const { name, retentionMs } of limits) if (!signal.aborted) await pruneOld(fleet, name, retentionMs, signal)
  }
}

async function pruneOld(fleet: FleetView, executor: string, retentionMs: number, signal: AbortSignal): Promise<void> {
  const { store, clock, log } = fleet.parts
  const old = [...store.jobs.values()].filter(
    (job) =>
      job.executor === executor &&
      job.pruned === null &&
      isFinal(job.state) &&
      !hasTombstone(job) &&
      clock.now() - (job.endedAt ?? job.changedAt) >= retentionMs,
  )
  // Nobody is asked, and nothing connected, for nothing.
  if (old.length === 0) return
  try {
    // Our clock may have jumped: by the manager's it must be as old.
    const live = await fleet.engine(executor).desk.link.session(signal)
    const ripe = old.filter((job) => live.now - (job.endedAt ?? job.changedAt) >= retentionMs)
    if (ripe.length === 0) return
    const { pruned, kept } = await fleet.prune({
      names: ripe.map(({ id }) => id),
      olderThanMs: retentionMs,
      local: false,
      dryRun: false,
    })
    log.info({ executor, pruned: pruned.length, kept: kept.length }, "job directories were removed by their age")
  } catch (error) {
    log.warn({ executor, reason: asHawserError(error).message }, "job directories could not be removed by their age")
  }
}
