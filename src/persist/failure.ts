/** What a failed call of the file system means for the store. */
import { StoreError } from "../errors.ts"
import { codeOf } from "./files.ts"

/** Any error as a StoreError: `STORE_FULL`, `STORE_READ_ONLY`, else `STORE_FAILED`. `what` is a sentence. */
export function storeFailure(error: unknown, directory: string, what: string): StoreError {
  if (error instanceof StoreError) return error
  const reason = error instanceof Error ? error.message : String(error)
  const kind = kinds[codeOf(error) ?? ""] ?? "STORE_FAILED"
  return new StoreError(kind, { summary: what, reason, cause: error, ...meanings[kind](directory) })
}

export function superseded(directory: string, epoch: number): StoreError {
  return new StoreError("STORE_SUPERSEDED", {
    summary: `Another controller has taken over ${directory}.`,
    reason: `An epoch above ${epoch} exists; nothing that this process writes counts any more.`,
    advice: "Nothing needs to be done: the jobs are the other controller's now.",
    class: "gone",
  })
}

export function newerFormat(file: string, format: number, ours: number): StoreError {
  return new StoreError("STORE_FORMAT_NEWER", {
    summary: `${file} was written by a newer Hawser.`,
    reason: `Its format is ${format}; this version knows formats up to ${ours}.`,
    advice: "Use the newer version, or another state directory (--state).",
  })
}

type Kind = "STORE_FULL" | "STORE_READ_ONLY" | "STORE_FAILED"

const kinds: Readonly<Record<string, Kind>> = {
  ENOSPC: "STORE_FULL",
  EDQUOT: "STORE_FULL",
  EFBIG: "STORE_FULL",
  EROFS: "STORE_READ_ONLY",
  EACCES: "STORE_READ_ONLY",
  EPERM: "STORE_READ_ONLY",
}

const meanings: Readonly<
  Record<Kind, (directory: string) => { advice: string; class: "limit" | "rejected" | "transient" }>
> = {
  STORE_FULL: (directory) => ({ advice: `Free some space for ${directory}; work goes on by itself.`, class: "limit" }),
  STORE_READ_ONLY: (directory) => ({
    advice: `Make ${directory} writable, or choose another state directory with --state (HAWSER_STATE).`,
    class: "rejected",
  }),
  STORE_FAILED: (directory) => ({ advice: `Check the disk and the permissions of ${directory}.`, class: "transient" }),
}
