/** Finds the controller of a state directory that runs on this machine, without starting one. */
import { realpath } from "node:fs/promises"
import { dirname } from "node:path"
import { type Clock, systemClock } from "../clock.ts"
import { HawserError } from "../errors.ts"
import { readLease } from "../persist/lease.ts"
import { type ControlClient, askDown, connect } from "./client.ts"
import type { Answerer } from "./prompts.ts"
import { type PlaceOptions, isPrivate, socketCandidates } from "./place.ts"

export interface FindOptions extends PlaceOptions {
  readonly stateDirectory: string
  /** How long a controller may take to answer at all, ms. */
  readonly helloMsMax?: number
  /** One that is there and does not answer is gone around. */
  readonly takeOver?: boolean
  /** Asks the person who is here. Without it nobody is. */
  readonly onPrompt?: Answerer | undefined
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/** Null: none answers. Throws `CONTROLLER_SILENT` and `CONTROLLER_VERSION`: there is one, and it is of no use to us. */
export async function findController(options: FindOptions): Promise<ControlClient | null> {
  const { signal, helloMsMax, onPrompt, clock = systemClock } = options
  const limits = { ...(signal === undefined ? {} : { signal }), ...(helloMsMax === undefined ? {} : { helloMsMax }) }
  const stateDirectory = await realpath(options.stateDirectory).catch(() => null)
  if (stateDirectory === null) return null
  for (const path of await placesOf(stateDirectory, options)) {
    try {
      return await connect(path, { stateDirectory, clock, onPrompt, ...limits })
    } catch (error) {
      if (!isGone(error) && !isPassedBy(error, options)) throw error
    }
  }
  return null
}

/**
 * A lease that came here with a copy of its directory names the socket of a controller that serves the original: no
 * controller of ours. (Whether ours may start beside it is for the store to say.)
 */
function isPassedBy(error: unknown, { takeOver = false }: FindOptions): boolean {
  if (!(error instanceof HawserError)) return false
  return error.code === "CONTROLLER_OF_ANOTHER" || (takeOver && error.code === "CONTROLLER_SILENT")
}

/** Ends the controller, of whatever version; jobs go on. False: there is none. */
export async function stopController(options: FindOptions): Promise<boolean> {
  const stateDirectory = await realpath(options.stateDirectory).catch(() => null)
  if (stateDirectory === null) return false
  for (const path of await placesOf(stateDirectory, options)) {
    try {
      await askDown(path, options.signal)
      return true
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }
  return false
}

/** The controller went away before it answered; or, in this process, is closing. */
export function isGone(error: unknown): error is HawserError {
  return error instanceof HawserError && (error.code === "CONTROLLER_GONE" || error.code === "CLOSING")
}

/** Where the lease says, and where one would look without it: the socket may have been put back elsewhere. */
async function placesOf(stateDirectoryReal: string, options: FindOptions): Promise<string[]> {
  const lease = await readLease(stateDirectoryReal).catch(() => null)
  const told = lease?.state === "live" ? (lease.owner?.socket ?? null) : null
  const isUsable = told !== null && isPrivate(dirname(told))
  return [...new Set([...(isUsable ? [told] : []), ...socketCandidates(stateDirectoryReal, options)])]
}
