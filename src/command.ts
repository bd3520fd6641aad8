/** A command and the parser of its answer, as one value: argv and parser cannot drift apart. */

/**
 * One short command for the framed shell.
 *
 * `argv[0]` is a program on the other side's PATH or a verb of `remote/` (`hz_…`). Stdin is /dev/null, or
 * `stdin` as a here-document.
 */
export interface Command<T> {
  readonly argv: readonly string[]
  readonly stdin?: string
  /** After this long a watchdog on the other side ends the command's process group. Without it only our side waits. */
  readonly timeoutMs?: number
  /**
   * For many short commands: one watchdog for all of them, which strikes up to ten seconds late and not at this command
   * but at the programs that it has started.
   */
  readonly sharesWatchdog?: boolean
  /** Pure. Throws a HawserError with a class when the result means failure. */
  parse(result: CommandResult): T
}

export interface CommandResult {
  /** 0 to 255; 128 + n when a signal ended it. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** The watchdog on the other side ended it: the effect is in doubt. */
  readonly timedOut: boolean
}

/** The first line that says anything: what we quote as the manager's own words. */
export function firstLine(text: string): string | undefined {
  return text
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line !== "")
}
