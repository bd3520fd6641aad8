/** Asks the three witnesses of a round; each of them is independent of the others. */
import { readFile } from "node:fs/promises"
import { type Study, pause } from "../cli.ts"
import { healthsOf, onCluster, viewsOf } from "../cluster.ts"
import type { Rig } from "../rig.ts"
import { type NativeRow, type Run, type Witnesses, tokenOf } from "./count.ts"

/** `name`: what all native names of the round end with. Waits until accounting has caught up, and the queue is empty. */
export async function askWitnesses(target: Rig, work: Study, trace: string, name: string): Promise<Witnesses> {
  // Those that Hawser has added by itself run no payload of ours.
  const jobs = (await viewsOf(work)).filter(({ isTest }) => !isTest)
  const completed = new Set(
    jobs.filter(({ state }) => state === "completed").map(({ attempts }) => attempts.at(-1)?.token),
  )
  const isThere = (rows: readonly NativeRow[]): boolean =>
    [...completed].every((token) => rows.some((row) => tokenOf(row) === token && row.state === "COMPLETED"))
  const rows = await untilSo(() => accounting(target, name), isThere)
  const left = await untilSo(
    () => queue(target, name),
    (natives) => natives.length === 0,
  )
  return { jobs, rows, left, runs: await runsIn(trace), healths: await healthsOf(work) }
}

/** With duplicates: native ids are used again, and without them only the newest is shown. */
async function accounting(target: Rig, name: string): Promise<NativeRow[]> {
  return rowsOf(await onCluster(target, "sacct -X -D -n -P -S now-2hours -o JobIDRaw,State,JobName"), name)
}

async function queue(target: Rig, name: string): Promise<NativeRow[]> {
  const alive = "PENDING,RUNNING,SUSPENDED,CONFIGURING,COMPLETING,REQUEUED,REQUEUE_HOLD,SIGNALING,STAGE_OUT"
  return rowsOf(await onCluster(target, `squeue -h --me -t ${alive} -o '%i|%T|%j'`), name)
}

function rowsOf(text: string, name: string): NativeRow[] {
  return text.split("\n").flatMap((line) => {
    const [id, state, ...rest] = line.split("|")
    const native = rest.join("|")
    // `CANCELLED by 1001`
    return id !== undefined && native.endsWith(name) ? [{ id, state: state?.split(" ")[0] ?? "", name: native }] : []
  })
}

async function runsIn(trace: string): Promise<Run[]> {
  const text = await readFile(trace, "utf8").catch(() => "")
  return text.split("\n").flatMap((line) => {
    const [key, token, native] = line.split(" ")
    return key !== undefined && token !== undefined && native !== undefined ? [{ key, token, native }] : []
  })
}

/** The answer that is right, or the last one after half a minute. */
async function untilSo<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + 30_000
  for (;;) {
    const answer = await ask()
    if (isRight(answer) || Date.now() > end) return answer
    await pause(500)
  }
}
