/** The config: what hawser.yaml says, where it was found, and where the state directory is. */
export * from "./config.ts"
export * from "./knownNames.ts"
export * from "./loadConfig.ts"
export * from "./parseConfig.ts"
export * from "./usageError.ts"
