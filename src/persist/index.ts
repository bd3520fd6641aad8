/** The store: a journal with a snapshot in a state directory, and one in memory. */
export { type Files, type OpenFile, nodeFiles } from "./files.ts"
export { type Host, systemHost } from "./host.ts"
export { readLease } from "./lease.ts"
export { memoryStore } from "./memory.ts"
export { type OpenOptions, openStore } from "./open.ts"
export type { OwnedStore } from "./owned.ts"
export type { JobStore } from "./store.ts"
