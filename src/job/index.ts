/** The nouns: what a job is, the states it can be in, the events that happened to it, and their replay. */
export * from "./evidence.ts"
export * from "./event.ts"
export * from "./job.ts"
export * from "./replay.ts"
export * from "./resources.ts"
export * from "./spec.ts"
export * from "./state.ts"
export * from "./view.ts"
