/** How we reach a shell on a manager's host: the transports, and the framed session that each of them carries. */
export { transportFor } from "./registry.ts"
export { type Session, openSession } from "./session.ts"
export type { Transport } from "./transport.ts"
