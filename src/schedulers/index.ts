/** The dialects: what each kind of manager is asked, and what its answers mean, as pure text. */
export * from "./registry.ts"
export * from "./scheduler.ts"
