/** The control socket, the controller behind it, and the clients that use it as if it were in their own process. */
export { runController } from "./controller.ts"
export { stopController } from "./find.ts"
export type { Reconnecting } from "./reconnect.ts"
export { ensureController } from "./spawn.ts"
