/** The one place that writes shell text: every word that reaches a shell was quoted here. */
import { UsageError } from "./errors.ts"

const safeWord = /^[A-Za-z0-9_./:=@%+,-]+$/

/**
 * One word for a POSIX sh, bash, dash or busybox sh. Everything survives but NUL (no argv can hold it) and text that
 * is not well-formed Unicode (it could not be written as UTF-8 and read back): both throw `WORD_UNQUOTABLE`.
 */
function quote(word: string): string {
  assertQuotable(word)
  if (safeWord.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** A simple command: the words of an argv, each quoted. */
export function quoteAll(argv: readonly string[]): string {
  return argv.map(quote).join(" ")
}

/**
 * The words of an argv, each quoted, then variables as the shell will know them. `otherwise` stands for one that is
 * unset, empty or has no name.
 */
export function quoteWithVariables(
  argv: readonly string[],
  variables: readonly { readonly name: string | null; readonly otherwise: string }[],
): string {
  const words = variables.map(({ name, otherwise }) => {
    if (name === null) return quote(otherwise)
    assertVariableName(name)
    if (!safeWord.test(otherwise)) throw new TypeError(`Not a plain word: ${otherwise}`)
    return `"\${${name}:-${otherwise}}"`
  })
  return [...argv.map(quote), ...words].join(" ")
}

/** One command line: the second command runs where the first one fails. */
export function orElse(argv: readonly string[], otherwise: readonly string[]): string {
  return `${quoteAll(argv)} || ${quoteAll(otherwise)}`
}

/** `NAME=value` with what `from` says, or where that is not set `otherwise`, behind `prefix`, which it needs not have; not exported. */
export function withoutPrefix({
  name,
  from,
  otherwise,
  prefix,
}: Readonly<Record<"name" | "from" | "otherwise" | "prefix", string>>): string {
  for (const variable of [name, from, otherwise]) assertVariableName(variable)
  if (!safeWord.test(prefix)) throw new TypeError(`Not a plain word: ${prefix}`)
  return `${name}=\${${from}-\${${otherwise}-}}; ${name}=\${${name}#${prefix}}`
}

/** `NAME=value; export NAME` for each variable. Names that no shell takes throw `ENV_NAME_INVALID`. */
export function exports(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${assignments({ [name]: value })[0]}; export ${name}`)
}

/** `NAME=value` for each variable; not exported. Names that no shell takes throw `ENV_NAME_INVALID`. */
export function assignments(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => {
    assertVariableName(name)
    return `${name}=${quote(value)}`
  })
}

/**
 * One request to the framed shell: a compound command on lines of its own. Cut short it is a syntax error, never a
 * shorter command. `stdin` travels as a here-document whose end mark is `mark`, which must not occur in it.
 */
export function compound(argv: readonly string[], stdin?: string, mark = ""): string {
  if (stdin === undefined) return `{ ${quoteAll(argv)} </dev/null\n}\n`
  assertQuotable(stdin)
  const body = stdin === "" || stdin.endsWith("\n") ? stdin : `${stdin}\n`
  return `{ ${quoteAll(argv)} <<'${mark}'\n${body}${mark}\n}\n`
}

/** An end mark for `stdin` that begins with `word` and is no line of it. */
export function endMark(word: string, stdin: string): string {
  return stdin.includes(word) ? endMark(`${word}x`, stdin) : word
}

/** A compound whose command reads the shell's own stdin from here on: for bulk data, on a channel of its own. */
export function openCompound(argv: readonly string[]): string {
  return `{ ${quoteAll(argv)}\n}\n`
}

/** A command as the lines for which hz_bulk waits. */
export function bulkCommand(argv: readonly string[]): string {
  const text = quoteAll(argv)
  return `${text.split("\n").length}\n${text}\n`
}

/**
 * A line that makes any shell say `hz-ready-NONCE-COUNT`. Free of quotes, and harmless wherever a startup file that
 * reads stdin cuts it; one that echoes it does not answer it.
 */
export function probe(nonce: string, count: number): string {
  return `echo hz-ready\${hz_none-}-${nonce}-${count}\n`
}

/** The user's ProxyCommand, as OpenSSH hands it to a shell: the shell gives way to it. */
export function proxyScript(command: string): string {
  return `exec ${command}`
}

/**
 * What an ssh channel runs. Constant, because csh and fish read it too: a POSIX sh that has read the login files, and
 * then a fresh one, which has their environment and none of their options, aliases, functions and traps.
 */
export const loginShell = "exec /bin/sh -l -c 'exec /bin/sh'"
export const plainShell = "exec /bin/sh"

/**
 * The same on this machine, for `sh -l -c`: its first operand ($0) is our own PATH. It stands before the login's, so that
 * a command is the one that whoever started us would get.
 */
export const localLogin = "PATH=$0${PATH:+:$PATH}; export PATH; exec /bin/sh"

/** Several compounds that run one after the other in one subshell-free group. */
export function script(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`
}

function assertVariableName(name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return
  throw new UsageError("ENV_NAME_INVALID", {
    summary: `"${name}" can't be the name of an environment variable.`,
    reason: "A shell takes letters, digits and _ only, and no digit first.",
    advice: "Rename it in env.",
  })
}

function assertQuotable(word: string): void {
  if (word.includes("\0") || !word.isWellFormed()) {
    throw new UsageError("WORD_UNQUOTABLE", {
      summary: `A word can't be handed to a shell unchanged: ${JSON.stringify(word).slice(0, 80)}`,
      reason: word.includes("\0")
        ? "It contains a NUL byte, which no argv can hold."
        : "It is not well-formed Unicode.",
      advice: "Put such data into an input file instead.",
    })
  }
}

/** Words that people put into commands, and that any way through shells has to bring across unchanged. */
export const awkwardWords: readonly string[] = [
  "a b",
  "",
  "'",
  '"',
  "$(id)",
  "`id`",
  "\\",
  "a\nb",
  "*",
  "-n",
  "!x",
  "ünï",
  "~",
  "#",
  "a;b",
]
