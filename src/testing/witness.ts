/** The witness: sees what really happens, hears what the engine says of it, and objects where that breaks a promise. */
import { isShown } from "../executors/visibility.ts"
import { type AnyEvent, type Attempt, type Job, type Outcome, hasTombstone, isFinal, isHeldBack } from "../job/index.ts"
import type { JobStore } from "../persist/index.ts"
import { tokenOf } from "../schedulers/scheduler.ts"
import { undone } from "./acknowledged.ts"
import type { ClusterWitness } from "./cluster.ts"
import { Fates } from "./fates.ts"
import type { Scenario } from "./scenario.ts"
import type { Native } from "./slurm.ts"
import { type Strike, isTests, strikeOf } from "./strikes.ts"
import {
  type Excuses,
  type Realm,
  type Remains,
  type Speaker,
  type Violation,
  resultProblem,
  unended,
  wordsOf,
} from "./testimony.ts"
import type { Timeline } from "./timeline.ts"
import type { Run } from "./wrapper.ts"

/** A manager that answered less long ago is not away. */
const awayMsMin = 45_000

export class Witness implements ClusterWitness {
  readonly violations: Violation[] = []
  readonly runs: Run[] = []
  /** What trouble has really done. */
  readonly struck: Set<Strike> = new Set()
  /** Called with each native that is accepted. */
  afterAcceptance: () => void = () => undefined
  /** A job had vanished where it was not shown that a fence stops it. */
  hasHeldBack = false
  /** The newest things that happened. */
  readonly log: string[] = []
  /** By controller: when it got through to the login node last, or began, ms on the timeline. */
  readonly #reachedAt: Map<number, number> = new Map()
  readonly #timeline: Timeline
  readonly #excuses: Excuses
  readonly #logMax: number
  /** Keys of jobs that have been over, whichever controller said so. */
  readonly #finished: Set<string> = new Set()
  /** By key: the key of the job after whose end it runs. */
  readonly #after: ReadonlyMap<string, string>
  /** Native ids by token, in the order of their acceptance. */
  readonly #accepted: Map<string, number[]> = new Map()
  readonly #fates: Fates = new Fates()
  /** The newest native of each token, as it is. */
  readonly #natives: Map<string, Native> = new Map()
  /** Keys of jobs that somebody wanted cancelled, whichever controller was told. */
  readonly #unwanted: Set<string> = new Set()
  /** From a token to the job that it was intended for: a key can name several. */
  readonly #jobOf: Map<string, string> = new Map()
  /** Abandoned tokens of which nothing is left, as was written down. */
  readonly #settled: Set<string> = new Set()
  /** Tokens whose end was acknowledged, and how. */
  readonly #ended: Map<string, Outcome> = new Map()

  constructor(timeline: Timeline, scenario: Scenario, excuses: Excuses, logMax: number) {
    this.#after = new Map(scenario.flatMap(({ key, after }) => (after === null ? [] : [[key, after] as const])))
    this.#timeline = timeline
    this.#excuses = excuses
    this.#logMax = logMax
  }

  note(what: string, facts: readonly string[] = []): void {
    if (this.#logMax === 0) return
    const at = (this.#timeline.now / 1_000).toFixed(3).padStart(9)
    this.log.push(`${at}  ${what} ${facts.join(" ").replaceAll("\x1f", "|").slice(0, 300)}`)
    if (this.log.length > 2 * this.#logMax) this.log.splice(0, this.#logMax)
  }

  strike(strike: Strike): void {
    this.struck.add(strike)
  }

  object(invariant: string, what: string): void {
    this.note(`VIOLATION: ${invariant}:`, [what])
    this.violations.push({ atMs: this.#timeline.now, invariant, what })
  }

  onRun(run: Run): void {
    const { token, key, attempt, nativeId, start } = run
    this.note("payload runs", [token, key, `attempt ${attempt}`, `native ${nativeId}.${start}`])
    const jobOf = (one: Pick<Run, "token" | "key">): string => this.#jobOf.get(one.token) ?? one.key
    const earlier = this.runs.filter((one) => jobOf(one) === jobOf(run) && one.attempt === attempt)
    if (this.#settled.has(token)) this.#objectToRun(token, "runs after its tombstone was closed")
    const mayRestart = this.#excuses.requeues || this.#natives.get(token)?.mayRequeue === true
    const isEarlier = (one: Run): boolean => one.nativeId === nativeId && one.token === token && one.start < start
    // Only processes of a lost node run on.
    const isOver = (one: Run): boolean => !this.runsNow(one) || this.#fates.failedNodes.has(token)
    const other = earlier.find((one) => !(mayRestart && isEarlier(one) && isOver(one)))
    if (other !== undefined)
      this.object(
        "at most once",
        `${key}, attempt ${attempt}: ${token} runs after ${other.token} has (${other.nativeId})`,
      )
    const end = this.#ended.get(token)
    // A native that lists hid for long may be taken for one that was not given back.
    const wasHidden = end?.cause === "preempted" && mayRestart && this.#excuses.mayCallLost
    const isElsewhere = end?.state === "cancelled" && this.#excuses.isCopied
    const isOpen = end === undefined || end.cause === "lost" || end.cause === "abandoned"
    if (!isOpen && !isElsewhere && !wasHidden && !this.#fates.failedNodes.has(token))
      this.object("no end without proof", `${token} runs after it had ended (${end.state} ${end.cause})`)
    const first = this.#after.get(key)
    if (first !== undefined && !this.#finished.has(first))
      this.object("order is kept", `${key} runs, and ${first} after which it was to run is not over`)
    this.runs.push(run)
  }

  onAccepted(native: Native): void {
    this.note("accepted", [String(native.id), native.name])
    this.afterAcceptance()
    const token = tokenOf(native.name)
    if (token === null) return
    this.#natives.set(token, native)
    const ids = this.#accepted.get(token) ?? []
    this.#accepted.set(token, [...ids, native.id])
    if (ids.length > 0) this.object("accepted once", `${token} was accepted as ${ids.join(", ")} and as ${native.id}`)
  }

  onCancel(native: Native): void {
    this.note("cancelled", [String(native.id), native.name])
    if (tokenOf(native.name) === null)
      this.object("strangers are left alone", `${native.id} (${native.name}) was cancelled`)
  }

  onHindered(token: string): void {
    this.#fates.hindered.add(token)
  }

  onRemoved(token: string): void {
    if (this.#excuses.isCopied) this.#fates.removed.add(token)
  }

  onReached(by: number): void {
    this.#reachedAt.set(by, this.#timeline.now)
  }

  onForgotten(native: Native): void {
    this.note("forgotten", [String(native.id), native.name])
    this.#fates.forgotten.add(tokenOf(native.name) ?? "")
  }

  onNodeFailed(native: Native): void {
    this.note("node fails", [String(native.id), native.name])
    this.#fates.failedNodes.add(tokenOf(native.name) ?? "")
  }

  onPreempted(native: Native): void {
    this.note("is preempted", [String(native.id), native.name])
    this.#fates.preempted.add(tokenOf(native.name) ?? "")
  }

  onCancelledByOther(native: Native): void {
    this.note("cancelled by an administrator", [String(native.id), native.name])
    this.#fates.cancelledByOthers.add(tokenOf(native.name) ?? "")
  }

  /** Controller number `by` has the directory: what was acknowledged before must be there. */
  opened(realm: Realm, store: JobStore, by: number): void {
    realm.store = store
    this.onReached(by)
    // Some of it may never have been announced.
    for (const job of store.jobs.values()) if (isFinal(job.state)) this.#finished.add(job.key)
    for (const job of realm.acknowledged.values()) {
      this.#compare(job, store.jobs.get(job.id), "after a new start")
      this.#checkResult(job, realm)
    }
    for (const { kind, detail } of store.findings)
      if (kind !== "torn-tail" && kind !== "superseded-tail") this.object("the journal is whole", `${kind}: ${detail}`)
    store.subscribe((events) => this.#hear(events, { realm, store, by }))
  }

  #compare(before: Job, now: Job | undefined, when: string): void {
    const what = undone(before, now)
    if (what !== null) this.object("what was acknowledged stays", `${before.key} ${when}: ${what}`)
  }

  #hear(events: readonly AnyEvent[], speaker: Speaker): void {
    const { realm, store } = speaker
    for (const event of events) {
      const strike = strikeOf(event, store)
      if (strike !== null) this.strike(strike)
      if (!("job" in event)) continue
      const job = store.jobs.get(event.job)
      if (job === undefined) continue
      this.note(`${event.type}`, [job.key, "token" in event ? event.token : "", wordsOf(event)])
      if (realm.store !== store) this.#compare(job, realm.store?.jobs.get(job.id), "of one who was superseded")
      else realm.acknowledged.set(job.id, job)
      if (event.type === "intent") this.#jobOf.set(event.token, event.job)
      if (event.type === "settled") this.#onSettled(event.token)
      const isEnd = event.type === "finished" || event.type === "ended"
      if (isEnd && event.outcome.cause === "abandoned") this.#unwanted.add(job.key)
      if (isHeldBack(job)) this.hasHeldBack = true
      if (event.type === "cancel-requested") this.#unwanted.add(job.key)
      if (event.type === "ended") this.#onEnded(job, event, speaker)
      if (event.type === "corrected") this.#ended.set(event.token, event.outcome)
      if (event.type === "finished") {
        this.#finished.add(job.key)
        this.#onFinished(job)
        this.#checkResult(job, realm)
      }
    }
  }

  #onEnded(job: Job, { token, outcome, evidence }: Extract<AnyEvent, { type: "ended" }>, speaker: Speaker): void {
    const attempt = job.attempts.find((one) => one.token === token)
    if (attempt === undefined) return
    // Another copy of the state directory may submit what this one has not.
    if (!this.#excuses.isCopied || attempt.submission !== "intended") this.#ended.set(token, outcome)
    const problem = this.#problemOf(job, attempt, outcome, speaker)
    if (problem !== null)
      this.object(
        "no end without proof",
        `${job.key} (${token}) is ${outcome.state} ${outcome.cause ?? ""}: ${problem}`,
      )
    const isUnseen = outcome.cause === "lost" || outcome.cause === "abandoned" || attempt.submission === "not-accepted"
    if (evidence.length === 0 && attempt.fence !== "won" && !isUnseen && job.cancelRequestedAt === null)
      this.object("no end without proof", `${job.key} (${token}) is ${outcome.state}, and nothing is named for it`)
  }

  /** What really happened says otherwise; null: it does not. */
  #problemOf(job: Job, attempt: Attempt, outcome: Outcome, { store, by }: Speaker): string | null {
    const { token } = attempt
    const runs = this.runs.filter((run) => run.token === token)
    const runsNow = runs.find((run) => this.runsNow(run))
    const isDisowned = this.#fates.failedNodes.has(token)
    // Its deadline is over and nobody can be asked, or nothing has shown what a fence does: late evidence corrects it.
    if (outcome.cause === "abandoned" && job.spec.giveUpAfterMs !== null)
      return isShown(store, job.executor) && this.#timeline.now - (this.#reachedAt.get(by) ?? 0) < awayMsMin
        ? "the manager was there a moment ago"
        : null
    if (outcome.cause === "lost") return this.#mayBeLost(token) ? null : "nobody had forgotten it"
    const isHidden = outcome.cause === "preempted" && (runsNow?.start ?? 0) > 0 && this.#excuses.mayCallLost
    if (runsNow !== undefined && !isDisowned && !isHidden) return `it runs as ${runsNow.nativeId}`
    if (outcome.state === "completed") return runs.some((run) => run.exitCode === 0) ? null : "no run ended with 0"
    if (outcome.state === "cancelled") {
      // What is left of one that was done may be cancelled from another copy, and its directory removed.
      const isUnwanted = job.cancelRequestedAt !== null || this.#unwanted.has(job.key) || this.#fates.removed.has(token)
      const wasWanted = isUnwanted || this.#fates.cancelledByOthers.has(token) || this.#excuses.mayCancel
      return wasWanted ? null : "nobody wanted that"
    }
    if (outcome.cause === "exit" && !isDisowned)
      return runs.some((run) => run.exitCode !== null && run.exitCode !== 0) ? null : "no run ended with an exit code"
    const { isApart } = this.#excuses
    if (outcome.cause === "launch" && !isDisowned && !isApart) {
      // The last start counts.
      if (runs.some(({ start }) => start >= (this.#natives.get(token)?.restarts ?? 0))) return "it had run"
      if (!this.#mayNotStart(job, attempt)) return "nothing kept it from running"
    }
    if (outcome.cause === "node-failure" && !isDisowned) return "no node failed"
    if (outcome.cause === "preempted" && !this.#fates.preempted.has(token)) return "nobody preempted it"
    return null
  }

  /** Hindered on its node, its directory removed, ended there by somebody, over its deadline, or it vanished too often. */
  #mayNotStart(job: Job, { token, replacement }: Attempt): boolean {
    const wasEnded = this.#fates.cancelledByOthers.has(token) || this.#excuses.mayCancel
    const isGone = this.#fates.removed.has(token)
    return this.#fates.hindered.has(token) || isGone || wasEnded || job.spec.giveUpAfterMs !== null || replacement >= 5
  }

  /** Nothing of it is left: neither now nor later. */
  #onSettled(token: string): void {
    this.#settled.add(token)
    if (this.runs.some((run) => run.token === token && this.runsNow(run)))
      this.#objectToRun(token, "has no tombstone any more, and runs")
  }

  #objectToRun(token: string, what: string): void {
    if (!this.#fates.failedNodes.has(token) && !this.#mayBeLost(token) && !this.#excuses.mayCancel)
      this.object("no tombstone closes without proof", `${token} ${what}`)
  }

  #mayBeLost(token: string): boolean {
    return this.#fates.forgotten.has(token) || this.#fates.removed.has(token) || this.#excuses.mayCallLost
  }

  #onFinished(job: Job): void {
    if (job.state !== "cancelled" || (this.#excuses.isCopied && job.attempts.length === 0)) return
    const running = this.runs.find(
      (run) =>
        job.attempts.some(({ token }) => token === run.token) &&
        this.runsNow(run) &&
        !this.#fates.failedNodes.has(run.token) &&
        !this.#mayBeLost(run.token),
    )
    if (running !== undefined) this.object("what is cancelled does not go on", `${job.key} runs as ${running.nativeId}`)
  }

  /** What came back is what one of the attempt's runs has left, whole; of a completed one it has come. */
  #checkResult(job: Job, realm: Realm): void {
    const { token } = job.attempts.at(-1) ?? { token: "" }
    if (!isFinal(job.state) || this.#excuses.isApart || this.#fates.removed.has(token)) return
    const runs = this.runs.filter((run) => run.token === token)
    const problem = resultProblem(job, runs, realm.resultOf(job), this.#fates.failedNodes.has(token))
    if (problem !== null) this.object("results come back", `${job.key} (${token}) ${problem}`)
  }

  /** By its process; the runs of killed ones are closed from outside. */
  runsNow(run: Run): boolean {
    return run.endedAt === null
  }

  /** All trouble is over, and all had time to end. */
  atEnd(store: JobStore, keys: readonly string[], { live, hasRecord }: Remains): void {
    for (const key of keys) {
      const job = store.jobs.get(store.newestByKey(key) ?? "")
      if (job === undefined) this.object("every job ends", `${key} was never recorded`)
      else if (!isFinal(job.state) && !this.waitsForEver(store, key))
        this.object(unended(job), `${key} is ${job.state} (${job.waiting ?? job.reason})`)
      else this.#checkLost(job, hasRecord)
    }
    for (const job of store.jobs.values())
      if (hasTombstone(job)) this.object("every tombstone is closed", `${job.key} (${job.id}) has one`)
    for (const native of live)
      if (tokenOf(native.name) !== null && !this.#mayGoOn(store, tokenOf(native.name) ?? ""))
        this.object("nothing of ours goes on", `${native.id} (${native.name}) is ${native.word}`)
  }

  /** Where nobody can see what is done on nodes, what vanished is not submitted again, and who is to run after it waits. */
  waitsForEver(store: JobStore, key: string): boolean {
    const job = store.jobs.get(store.newestByKey(key) ?? "")
    if (!this.#excuses.isApart || job === undefined) return false
    const first = this.#after.get(key)
    return isHeldBack(job) || (job.attempts.length === 0 && first !== undefined && this.waitsForEver(store, first))
  }

  /**
   * Both lists were empty for so long that its tombstone was closed over it; or it was submitted from another copy of the
   * state directory, and the one that is left knows nothing of it.
   */
  #mayGoOn(store: JobStore, token: string): boolean {
    const isKnown = [...store.jobs.values()].some(({ attempts }) => attempts.some((one) => one.token === token))
    // Where nothing will ever show what a fence does, test jobs follow each other, seldom.
    const isTest = this.#excuses.isApart && isTests(store, token)
    return isTest || (this.#settled.has(token) && this.#mayBeLost(token)) || (this.#excuses.isCopied && !isKnown)
  }

  /** A job stays lost only if it left no record. */
  #checkLost(job: Job, hasRecord: Remains["hasRecord"]): void {
    const attempt = job.attempts.at(-1)
    if (attempt === undefined || job.outcome?.cause !== "lost") return
    if (hasRecord(attempt.token)) this.object("late evidence corrects", `${job.key} is called lost, and left a record`)
  }
}
