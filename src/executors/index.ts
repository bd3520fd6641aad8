/** The executors: one engine for all of them, one file per step, and thin factories that put in the parts. */
export * from "./api.ts"
export * from "./executor.ts"
