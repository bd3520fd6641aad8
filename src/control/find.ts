/** Finds the controller of a state directory that runs on this machine, without starting one. */
import { realpath } from "node:fs/promises"
import { type Clock, systemClock } from "../clock.ts"
import { HawserError } from "../errors.ts"
import { type ControlClient, askDown, connect } from "./client.ts"
import { type PlaceOptions, socketCandidates } from "./place.ts"

export interface FindOptions extends PlaceOptions {
  readonly stateDirectory: string
  /** A place to ask first: the one that the lease names. */
  readonly leaseSocket?: string | null
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/** Null: none answers. Throws `CONTROLLER_SILENT` and `CONTROLLER_VERSION`: there is one, and it is of no use to us. */
export async function findController(options: FindOptions): Promise<ControlClient | null> {
  const { signal, clock = systemClock } = options
  const stateDirectory = await realpath(options.stateDirectory).catch(() => null)
  if (stateDirectory === null) return null
  for (const path of placesOf(stateDirectory, options)) {
    try {
      return await connect(path, { stateDirectory, clock, ...(signal === undefined ? {} : { signal }) })
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }
  return null
}

/** Ends the controller, of whatever version; jobs go on. False: there is none. */
export async function stopController(options: FindOptions): Promise<boolean> {
  const stateDirectory = await realpath(options.stateDirectory).catch(() => null)
  if (stateDirectory === null) return false
  for (const path of placesOf(stateDirectory, options)) {
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

function placesOf(stateDirectoryReal: string, options: FindOptions): string[] {
  const told = options.leaseSocket ?? null
  return [...new Set([...(told === null ? [] : [told]), ...socketCandidates(stateDirectoryReal, options)])]
}
