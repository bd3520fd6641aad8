/** Patience: how long an end without a record is waited for, and a TERM without effect; never less than the manager waits itself. */
import { SchedulerError } from "../errors.ts"
import type { Scheduler } from "../schedulers/scheduler.ts"
import type { JudgeLimits } from "./judge.ts"
import type { Live, ManagerLink } from "./link.ts"

/** What a record needs after the KILL until it shows here: directory caches. */
const marginMs = 15_000

export interface PatienceParts {
  readonly scheduler: Scheduler
  readonly link: Pick<ManagerLink, "degraded">
  readonly limits: JudgeLimits
  readonly pace: { readonly killAfterMs: number }
}

/** Asks the manager for its time from TERM to KILL when that matters for the first time in a session, and not before. */
export class Patience {
  private readonly parts: PatienceParts
  private killWaitMs = 0
  private askedOf: Live | null = null

  constructor(parts: PatienceParts) {
    this.parts = parts
  }

  /** The judge's limits. The grace covers the manager's own kill time. (PROTOCOL 19) */
  get limits(): JudgeLimits {
    const { limits } = this.parts
    return { ...limits, graceMs: this.atLeast(limits.graceMs) }
  }

  /** From TERM to a KILL of ours: where the manager gives a payload longer to clean up, so do we. */
  get killAfterMs(): number {
    return this.atLeast(this.parts.pace.killAfterMs)
  }

  /** A manager that can't be asked now is asked the next time; until then what it said last counts. */
  async learn(live: Live, signal: AbortSignal): Promise<void> {
    const { scheduler, link } = this.parts
    // Where jobs are processes, nobody kills but we.
    if (this.askedOf === live || scheduler.features.countsResources) return
    try {
      const { killWaitMs } = await live.session.ask(scheduler.probe(), signal)
      this.askedOf = live
      if (killWaitMs !== undefined) this.killWaitMs = killWaitMs
    } catch (error) {
      if (!(error instanceof SchedulerError)) throw error
      link.degraded(error.message)
    }
  }

  private atLeast(ms: number): number {
    return this.killWaitMs === 0 ? ms : Math.max(ms, this.killWaitMs + marginMs)
  }
}
