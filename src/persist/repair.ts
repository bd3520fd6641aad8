/** Repairs a state directory, as far as that is safe: no record that can be read is dropped, and copies come first. */
import { join } from "node:path"
import { type Clock, isoTime } from "../clock.ts"
import { storeFailure } from "./failure.ts"
import { nodeFiles as files } from "./files.ts"
import { systemHost } from "./host.ts"
import { type Inspection, copiesName, inspect, storeFilesAmong } from "./inspect.ts"
import { checkFree, createWith, namesIn, readLease } from "./lease.ts"
import { makePrivate } from "./modes.ts"
import { openStore } from "./open.ts"
import type { Remark } from "./remarks.ts"

export interface Repair {
  /** The folder with the files as they were; null: nothing had to be changed. */
  readonly copies: string | null
  /** What was done, in order. */
  readonly actions: readonly string[]
  /** What is there now. */
  readonly after: Inspection
}

/**
 * Owns the directory while it works, so that no controller starts meanwhile. Throws `LEASE_HELD` where one runs, and
 * `LEASE_HELD_ELSEWHERE` where that can't be seen and `takeOver` does not say that it has ended.
 */
export async function repair(
  directory: string,
  { clock, takeOver = false }: { readonly clock: Clock; readonly takeOver?: boolean },
): Promise<Repair> {
  const lease = await readLease(directory)
  if (lease.state === "live" || !takeOver) checkFree(directory, lease)
  const before = await inspect(directory)
  const wrong = before.remarks.filter(({ severity }) => severity === "repairable" || severity === "heals")
  if (wrong.length === 0) return { copies: null, actions: [], after: before }
  try {
    const copies = await copyStore(directory, `${copiesName}${isoTime(clock.now()).replaceAll(/[-:]|\.\d+/g, "")}`)
    const actions = await work(directory, before, wrong, { clock, takeOver })
    return { copies, actions, after: await inspect(directory) }
  } catch (error) {
    throw storeFailure(error, directory, `Can't repair ${directory}.`)
  }
}

async function work(
  directory: string,
  { remarks }: Inspection,
  wrong: readonly Remark[],
  options: { readonly clock: Clock; readonly takeOver: boolean },
): Promise<string[]> {
  const filesOf = (kind: Remark["kind"]): string[] =>
    wrong.flatMap((one) => (one.kind === kind && one.file !== null ? [one.file] : []))
  // Whoever opens the store sweeps drafts, and fixes how far the older journals count.
  await using store = await openStore(directory, { ...options, host: systemHost, files })
  const actions = [`took epoch ${store.epoch}: what is torn or superseded in older journals is left behind for good`]
  for (const name of filesOf("draft")) actions.push(`removed ${name}`)
  // The drafts are gone by now.
  const present = [".", ...(await namesIn(files, directory))]
  for (const name of filesOf("mode").filter((one) => present.includes(one))) {
    await makePrivate(join(directory, name))
    actions.push(`made ${name} private`)
  }
  for (const name of filesOf("snapshot-unusable").filter((one) => present.includes(one))) {
    await files.remove(join(directory, name))
    actions.push(`set ${name} aside`)
  }
  // A snapshot of an incomplete replay would hide for good that something is missing.
  if (remarks.some(({ severity }) => severity === "beyond-repair")) return actions
  await store.snapshot()
  actions.push("wrote a fresh snapshot from the whole replay")
  return actions
}

/** All of the store's files, on disk, in a folder of their own. */
async function copyStore(directory: string, name: string): Promise<string> {
  const folder = join(directory, name)
  await files.makeDirectory(folder)
  for (const file of storeFilesAmong(await namesIn(files, directory))) {
    const copy = await createWith(files, join(folder, file), await files.read(join(directory, file)))
    await copy.close()
  }
  await files.syncDirectory(folder)
  await files.syncDirectory(directory)
  return name
}
