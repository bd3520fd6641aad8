/** The launchers: how one command becomes the tasks of a job, as pure text. */
export * from "./launcher.ts"
export * from "./registry.ts"
