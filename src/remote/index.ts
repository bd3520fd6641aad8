/** The other side: what we put there, how files get there and back, and the verbs that act there. */
export type { HostFacts, Place } from "./layout.ts"
