/** How a controller tells the process that started it that it is ready, or why it is not: one line on a pipe. */
import { closeSync, writeSync } from "node:fs"
import type { Readable } from "node:stream"
import type { HawserError } from "../errors.ts"
import { fromPlain, toPlain } from "./plain.ts"
import { isPlainError, isRecord, parseJson } from "./protocol.ts"

/** In the environment of the controller: the number of the pipe. */
export const readyVariable = "HAWSER_READY_FD"
export const readyDescriptor = 3

export type Startup =
  | { readonly kind: "ready"; readonly socketPath: string }
  | { readonly kind: "failed"; readonly error: HawserError }
  /** It ended without a word. */
  | { readonly kind: "died" }

export interface StartupReport {
  /** Somebody waits for it. */
  readonly isHeard: boolean
  ready(socketPath: string): void
  failed(error: unknown): void
}

/** The controller's side. Says one thing; afterwards, and where nobody waits, does nothing. */
export function startupReport(env: NodeJS.ProcessEnv = process.env): StartupReport {
  let descriptor: number | null = env[readyVariable] === String(readyDescriptor) ? readyDescriptor : null
  // Jobs on this machine and whatever else we start have no business with it.
  delete env[readyVariable]
  const say = (what: object): void => {
    if (descriptor === null) return
    const pipe = descriptor
    descriptor = null
    try {
      writeSync(pipe, `${JSON.stringify(what)}\n`)
    } catch {
      // Whoever started us is gone. The controller goes on without.
    }
    closeSync(pipe)
  }
  return {
    isHeard: descriptor !== null,
    ready: (socketPath) => say({ socketPath }),
    failed: (error) => say({ error: toPlain(error) }),
  }
}

/** The other side: resolves with the first line, or when the pipe has closed. */
export async function readStartup(pipe: Readable): Promise<Startup> {
  let text = ""
  pipe.setEncoding("utf8")
  try {
    for await (const chunk of pipe) {
      text += String(chunk)
      if (text.includes("\n")) break
    }
  } catch {
    // Reset by the peer: it died.
  }
  const said = parseJson(text)
  if (!isRecord(said)) return { kind: "died" }
  if (isPlainError(said["error"])) return { kind: "failed", error: fromPlain(said["error"]) }
  return typeof said["socketPath"] === "string" ? { kind: "ready", socketPath: said["socketPath"] } : { kind: "died" }
}
