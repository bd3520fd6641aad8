/** `hawser logs`: a job's stdout or stderr, also while it runs. */
import type { Command } from "commander"
import { isFinal } from "../job/index.ts"
import { contextOf } from "./context.ts"
import { follow, readAll } from "./follow.ts"
import { globalsOf } from "./globals.ts"
import { detachable } from "./patience.ts"
import { write } from "./streams.ts"

export function registerLogs(hawser: Command): void {
  hawser
    .command("logs")
    .description("print a job's output")
    .argument("<job>", "id, unique beginning of an id, or key")
    .option("-f, --follow", "go on until the job is over")
    .option("--stderr", "its stderr instead of its stdout")
    .action(async (name: string, options: { follow?: boolean; stderr?: boolean }, self: Command) => {
      const context = contextOf(globalsOf(self))
      const stream = options.stderr === true ? "stderr" : "stdout"
      const about = { stream, write: async (data: Buffer) => write(process.stdout, data) } as const
      await using reader = await context.reader()
      const job = await reader.show(name)
      if (isFinal(job.state) || options.follow !== true) return await readAll({ ...about, api: reader, name: job.id })
      await using api = await context.api()
      await detachable(context, api, [job], null, async (signal) => {
        const over = new AbortController()
        void api.ended([job.id], signal).then(
          () => over.abort(),
          () => undefined,
        )
        await follow({ ...about, clock: context.clock, api, name: job.id, signal, over: over.signal })
      })
    })
}
