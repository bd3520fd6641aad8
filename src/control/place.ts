/** Where the control socket stands: a private runtime directory, and in it a name made of the state directory's path. */
import { createHash } from "node:crypto"
import { type Stats, lstatSync, mkdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { isAbsolute, join } from "node:path"
import { HawserError, UsageError } from "../errors.ts"

/** A longer one fails, or is cut (sun_path in unix(7): 108 bytes with the end mark; 104 on macOS). */
export const socketPathBytesMax: number = process.platform === "darwin" ? 103 : 107

export interface PlaceOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Where `hawser-UID` stands when there is no runtime directory. */
  readonly fallback?: string
}

/**
 * Where a controller listens: in `$XDG_RUNTIME_DIR/hawser/` if that is ours and short enough, else `/tmp/hawser-UID/`.
 * Makes the directory. Throws `RUNTIME_DIRECTORY_UNSAFE` when it is a link, someone else's, or open to others, and a
 * UsageError `SOCKET_PATH_TOO_LONG`.
 */
export function placeSocket(stateDirectoryReal: string, options: PlaceOptions = {}): string {
  const name = socketName(stateDirectoryReal)
  const told = toldDirectory(options)
  const fits = told !== undefined && isOurs(told) && isShort(join(told, "hawser", name))
  const directory = fits ? join(told, "hawser") : fallbackOf(options)
  const path = join(directory, name)
  checkLength(path)
  makePrivate(directory)
  checkPrivate(directory)
  return path
}

/** Where one may be listening already, likeliest first. Directories that are not there or not safe are left out. */
export function socketCandidates(stateDirectoryReal: string, options: PlaceOptions = {}): string[] {
  // The environment of a cron job lacks XDG_RUNTIME_DIR, that of `su` has somebody else's; systemd's own is in /run/user.
  const runtime = [toldDirectory(options), `/run/user/${uid()}`].filter((directory) => directory !== undefined)
  const directories = [...runtime.map((directory) => join(directory, "hawser")), fallbackOf(options)]
  return [...new Set(directories)]
    .filter((directory) => whyUnsafe(lstatOf(directory)) === null)
    .map((directory) => join(directory, socketName(stateDirectoryReal)))
    .filter(isShort)
}

/** Throws a UsageError `SOCKET_PATH_TOO_LONG`. */
export function checkLength(path: string): void {
  if (isShort(path)) return
  throw new UsageError("SOCKET_PATH_TOO_LONG", {
    summary: "The path of the control socket is too long.",
    reason: `${path} has ${Buffer.byteLength(path)} bytes; the system allows ${socketPathBytesMax}.`,
    advice: "Set XDG_RUNTIME_DIR to a private directory with a shorter path, or unset it.",
  })
}

function toldDirectory({ env = process.env }: PlaceOptions): string | undefined {
  const told = env["XDG_RUNTIME_DIR"]
  return told !== undefined && isAbsolute(told) ? told : undefined
}

function fallbackOf({ fallback }: PlaceOptions): string {
  return join(fallback ?? (process.platform === "darwin" ? tmpdir() : "/tmp"), `hawser-${uid()}`)
}

function socketName(stateDirectoryReal: string): string {
  return `${createHash("sha256").update(stateDirectoryReal).digest("hex").slice(0, 20)}.sock`
}

function isShort(path: string): boolean {
  return Buffer.byteLength(path) <= socketPathBytesMax
}

function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) === "EEXIST") return
    throw new HawserError("RUNTIME_DIRECTORY_MISSING", {
      summary: "There is no place for the control socket.",
      reason: `${directory} can't be made: ${error instanceof Error ? error.message : String(error)}`,
      advice: "Set XDG_RUNTIME_DIR to a private directory of yours.",
      cause: error,
    })
  }
}

/** Whoever can write there could stand in for the controller, and would be told secrets. */
function checkPrivate(directory: string): void {
  const why = whyUnsafe(lstatOf(directory))
  if (why === null) return
  throw new HawserError("RUNTIME_DIRECTORY_UNSAFE", {
    summary: "The directory of the control socket is not safe.",
    reason: `${directory} ${why}.`,
    advice: `Make it a directory of yours with mode 0700 (chmod 700), or remove it; Hawser makes it again.`,
  })
}

function whyUnsafe(stats: Stats | undefined): string | null {
  if (stats === undefined) return "is not there"
  if (stats.isSymbolicLink()) return "is a symbolic link"
  if (!stats.isDirectory()) return "is not a directory"
  if (stats.uid !== uid()) return `belongs to user ${stats.uid}`
  const mode = stats.mode & 0o777
  return mode === 0o700 ? null : `has mode 0${mode.toString(8)}, so others may get in`
}

function isOurs(directory: string): boolean {
  const stats = lstatOf(directory)
  return stats !== undefined && stats.isDirectory() && stats.uid === uid() && (stats.mode & 0o022) === 0
}

function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(codeOf(error) ?? "")) return undefined
    throw error
  }
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
}

function uid(): number {
  return process.getuid?.() ?? 0
}
