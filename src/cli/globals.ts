/** The options that every command takes, before its name or after it. */
import { type Command, Option } from "commander"

export interface GlobalOptions {
  readonly state?: string
  readonly config?: string
  readonly json?: boolean
  readonly background: boolean
  readonly takeOver?: boolean
}

function sharedOptions(): Option[] {
  return [
    new Option("--state <dir>", "state directory (HAWSER_STATE); default: .hawser beside hawser.yaml"),
    new Option("--config <file>", "config file (HAWSER_CONFIG); default: hawser.yaml here or above, then the user's"),
    new Option("--json", "print JSON"),
    new Option("--no-background", "no controller in the background: this command drives the jobs while it lasts"),
    new Option("--take-over", "take the state directory over from a controller on another host that is known to be dead"),
  ]
}

const sharedBy = new WeakMap<Command, readonly string[]>()

/** Puts the shared options on the program (shown) and on its commands (hidden), where they have no such option themselves. */
export function share(program: Command): void {
  for (const command of [program, ...program.commands]) {
    const missing = sharedOptions().filter((option) => !command.options.some((own) => own.long === option.long))
    for (const option of missing) command.addOption(command === program ? option : option.hideHelp())
    sharedBy.set(
      command,
      missing.map((option) => option.attributeName()),
    )
  }
}

/** What was said before the command's name, and what was said after it. */
export function globalsOf(command: Command): GlobalOptions {
  const program = command.parent
  const said = (sharedBy.get(command) ?? []).filter((name) => command.getOptionValueSource(name) === "cli")
  const after = Object.fromEntries(said.map((name) => [name, command.getOptionValue(name) as unknown]))
  return { background: true, ...program?.opts<GlobalOptions>(), ...after }
}
