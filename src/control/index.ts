/** The control socket, the controller behind it, and the clients that use it as if it were in their own process. */
export { type ConnectOptions, type ControlClient, connect } from "./client.ts"
export { type Controller, type OpenController, type RunOptions, runController } from "./controller.ts"
export type { ExecutorHealth, JobExecutor, SubmitOptions } from "./executor.ts"
export { type FindOptions, findController, stopController } from "./find.ts"
export type { JobHandle, LogOptions } from "./handle.ts"
export { type AttachOptions, type Hawser, attach } from "./open.ts"
export { type Reconnecting, reconnecting } from "./reconnect.ts"
export { type EnsureOptions, ensureController } from "./spawn.ts"
