/** Hawser runs jobs on clusters from TypeScript and does not lose hold of them: the public names. */
export { type Clock, systemClock } from "./clock.ts"
export { type Command, type CommandResult } from "./command.ts"
export { type ExecutorConfig, type LoadedConfig, loadConfig } from "./config/index.ts"
export type { ExecutorHealth, JobExecutor, SubmitOptions } from "./control/executor.ts"
export type { JobHandle, LogOptions } from "./control/handle.ts"
export type { Hawser } from "./control/open.ts"
export { type HawserOptions, openHawser } from "./control/openHawser.ts"
export { type ErrorClass, HawserError, SchedulerError, StoreError, TransportError, UsageError } from "./errors.ts"
export type * from "./executors/api.ts"
export type {
  AnyEvent,
  AnyEventBody,
  AttemptView,
  Cause,
  Health,
  JobSpec,
  JobState,
  JobView,
  Resources,
  UserSpec,
} from "./job/index.ts"
export type { Answerer } from "./control/prompts.ts"
export type { Prompt, Question } from "./hawser.ts"
export { openStore } from "./persist/index.ts"
export { type Scheduler } from "./schedulers/scheduler.ts"
export { type Session, type Transport, openSession, transportFor } from "./transport/index.ts"
export { version } from "./version.ts"
