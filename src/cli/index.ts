/** The command line: one file per command, each a client of the controller. */
export { program } from "./program.ts"
