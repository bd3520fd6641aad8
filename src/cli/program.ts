/** The program `hawser`: its commands and the options that all of them share. */
import { Command } from "commander"
import { UsageError } from "../errors.ts"
import { version } from "../version.ts"
import { registerAbandon } from "./abandon.ts"
import { registerBatch } from "./batch.ts"
import { registerCancel } from "./cancel.ts"
import { registerConfig } from "./config.ts"
import { registerController } from "./controller.ts"
import { registerDoctor } from "./doctor.ts"
import { registerDown } from "./down.ts"
import { registerFsck } from "./fsck.ts"
import { share } from "./globals.ts"
import { registerExplain } from "./explain.ts"
import { registerList } from "./list.ts"
import { registerLogs } from "./logs.ts"
import { registerPause } from "./pause.ts"
import { registerPrune } from "./prune.ts"
import { registerRecover } from "./recover.ts"
import { registerRun } from "./run.ts"
import { registerShow } from "./show.ts"
import { registerStatus } from "./status.ts"
import { registerSubmit } from "./submit.ts"
import { registerUp } from "./up.ts"
import { registerWait } from "./wait.ts"
import { registerWishes } from "./wish.ts"

const description = `Runs jobs on clusters and does not lose hold of them.

Exit codes: 0 all is well; 1 a job did not complete or was rejected; 2 usage or config; 3 the manager can't be reached
or wants a login, at first contact; 124 --timeout ran out; 130 detached by Ctrl-C. "hawser run" exits with the job's own
code, 128 + n for a signal.`

/** A fresh program: commander keeps what it has parsed, so a test takes its own. */
export function program(): Command {
  const hawser = new Command("hawser").description(description).version(version).enablePositionalOptions()
  const registers = [
    registerRun,
    registerSubmit,
    registerBatch,
    registerWait,
    registerList,
    registerShow,
    registerExplain,
    registerLogs,
    registerCancel,
    registerWishes,
    registerPause,
    registerAbandon,
    registerRecover,
    registerPrune,
    registerDoctor,
    registerFsck,
    registerStatus,
    registerUp,
    registerDown,
    registerConfig,
    registerController,
  ]
  for (const register of registers) register(hawser)
  share(hawser)
  for (const command of [hawser, ...hawser.commands]) ownErrors(command)
  return hawser
}

function whatThereIs(command: Command): string {
  const commands = command.commands.filter((one) => one.name() !== "controller").map((one) => one.name())
  return commands.length > 0
    ? `The commands are ${commands.join(", ")}.`
    : `It is used so: hawser ${command.name()} ${command.usage()}`
}

/** What commander objects to is told like every other error: what happened, why, what to do. */
function ownErrors(command: Command): void {
  command
    .showSuggestionAfterError()
    .configureOutput({ outputError: () => undefined })
    .exitOverride((error) => {
      // Help and version have been printed and are no failures; without any command the help is the answer.
      if (error.exitCode === 0 || error.code === "commander.help") throw error
      const name = command.parent === null ? "hawser" : `hawser ${command.name()}`
      const [said = "", suggestion] = error.message.replace(/^error: /, "").split("\n")
      throw new UsageError("USAGE", {
        summary: `${name}: ${said}`,
        reason: suggestion?.replace(/^\((.*)\)$/, "$1") ?? whatThereIs(command),
        advice: `"${name} --help" shows what there is.`,
      })
    })
}
