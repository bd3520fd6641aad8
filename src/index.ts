/** Hawser runs jobs on clusters from TypeScript and does not lose hold of them: the public names. */
export { version } from "./version.ts"
