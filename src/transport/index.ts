/** How we reach a shell on a manager's host: the transports, and the framed session that each of them carries. */
export {
  type TransportConfig,
  type TransportOptions,
  transportFor,
  transports,
} from "./registry.ts"
export { type Session, type SessionOptions, openSession } from "./session.ts"
export type { Channel, Connection, Transport } from "./transport.ts"
