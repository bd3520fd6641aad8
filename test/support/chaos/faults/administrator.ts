/** An administrator at work beside a fault: what Slurm leaves undone, or puts off, is not what the fault is about. */
import { asAdmin } from "../../cluster.ts"
import type { Scene } from "../fault.ts"

/** Nodes that Slurm has drained take jobs again, until all jobs are over. */
export async function resumeNodes(scene: Scene): Promise<void> {
  while (!scene.isOver()) {
    const states = await asAdmin(scene.target, ["sinfo", "-h", "-N", "-p", "batch", "-o", "%N %T"])
    const drained = states.split("\n").flatMap((line) => /(\S+) drain/.exec(line)?.[1] ?? [])
    for (const node of drained) await asAdmin(scene.target, ["scontrol", "update", `NodeName=${node}`, "State=RESUME"])
    await scene.pause(3_000)
  }
}

/**
 * What Slurm has put back into the queue (a launch that failed, a requeue) it keeps there for two minutes (BeginTime):
 * these are spared us, until all jobs are over.
 */
export async function startNow(scene: Scene): Promise<void> {
  while (!scene.isOver()) {
    const pending = await asAdmin(scene.target, ["squeue", "-h", "-t", "PD", "-o", "%i %r"])
    const put = pending.split("\n").flatMap((line) => /^(\d+) BeginTime/.exec(line)?.[1] ?? [])
    for (const id of put) await asAdmin(scene.target, ["scontrol", "update", `JobId=${id}`, "StartTime=now"])
    await scene.pause(1_000)
  }
}
