#!/usr/bin/env node
/** The entry of the command line. */
import { failure } from "./exit.ts"
import { program } from "./program.ts"

// A reader that went away (`hawser list | head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0)
    throw error
  })
}

try {
  await program().parseAsync(process.argv)
} catch (error) {
  process.exitCode = failure(error, (text) => void process.stderr.write(`${text}\n`))
}
