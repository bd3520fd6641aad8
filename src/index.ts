/** Hawser runs jobs on clusters from TypeScript and does not lose hold of them: the public names. */
export type { ExecutorHealth, JobExecutor, SubmitOptions } from "./control/executor.ts"
export type { JobHandle, LogOptions } from "./control/handle.ts"
export type { Hawser } from "./control/open.ts"
export { type ErrorClass, HawserError, SchedulerError, StoreError, TransportError, UsageError } from "./errors.ts"
export type { DoctorLine, ListFilter, PruneRequest, PruneResult, Status, SubmitRequest } from "./hawser.ts"
export type { AnyEvent, AttemptView, Cause, Health, JobState, JobView } from "./job/index.ts"
export { version } from "./version.ts"
