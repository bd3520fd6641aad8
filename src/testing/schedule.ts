/** The schedule of a world: its trouble put onto the timeline. */
import type { Native } from "./slurm.ts"
import { type Span, isWithin } from "./trouble.ts"
import type { World } from "./world.ts"

export function schedule(world: World): void {
  const { timeline, trouble, cluster, witness, faults, dice } = world
  const { slurm, network } = cluster
  const at = (ms: number, what: string, act: () => void): void => {
    timeline.after(ms, () => {
      witness.note(what)
      act()
    })
  }
  const during = (spans: readonly Span[], what: string, begin: () => void, end: () => void): void => {
    for (const { from, to } of spans) {
      at(from, `${what}: begins`, begin)
      at(to, `${what}: ends`, end)
    }
  }
  during(
    trouble.outages,
    "outage",
    () => network.cut("The network is down."),
    () => undefined,
  )
  during(
    trouble.controllerDown,
    "slurmctld is down",
    () => slurm.setController("down"),
    () => slurm.setController("up"),
  )
  during(
    trouble.controllerFrozen,
    "slurmctld is frozen",
    () => slurm.setController("frozen"),
    () => slurm.setController("up"),
  )
  during(
    trouble.accountingDown,
    "slurmdbd is down",
    () => slurm.setAccounting("down"),
    () => slurm.setAccounting("up"),
  )
  during(
    trouble.lies,
    "a list lies",
    () => faults.freezeList(slurm.listed()),
    () => undefined,
  )
  during(
    trouble.remoteFull,
    "remote disk is full",
    () => fill(world, true),
    () => fill(world, false),
  )
  for (const { at: when, lossMs, downMs } of trouble.crashes) {
    at(when, "slurmctld is killed", () => {
      slurm.crash(lossMs)
      slurm.setController("down")
    })
    at(when + downMs, "slurmctld is back", () => slurm.setController("up"))
  }
  for (const when of trouble.coldStarts) at(when, "slurmctld -c", () => slurm.coldStart())
  for (const { at: when, dies } of trouble.nodeFailures)
    at(when, "a node fails", () => {
      const native = oneOf(world, (one) => one.word === "RUNNING")
      if (native === undefined) return
      witness.onNodeFailed(native)
      slurm.failNode(native, dies)
    })
  for (const when of trouble.preemptions)
    at(when, "a job is preempted", () => {
      const native = oneOf(world, (one) => one.word === "RUNNING")
      if (native === undefined || slurm.controller !== "up") return
      witness.onPreempted(native)
      slurm.preempt(native)
    })
  for (const when of trouble.cancelledByOthers)
    at(when, "an administrator cancels", () => {
      const native = oneOf(world, (one) => slurm.isLive(one))
      if (native === undefined || slurm.controller !== "up") return
      witness.onCancelledByOther(native)
      witness.strike("cancelled by an administrator")
      slurm.cancel(native, dice.chance(0.3))
    })
  for (const when of trouble.strangers)
    at(when, "a stranger submits", () => {
      if (slurm.controller === "up") slurm.accept(dice.pick(["relax", "hz", "hz-mine"]), "/home/me/own.sh")
    })
  for (const { at: when, ms } of trouble.wallJumps) at(when, "clocks", () => world.jumpWallClocks(ms))
  for (const { at: when, ms, suspended } of trouble.freezes)
    at(when, suspended ? "the laptop sleeps" : "the controller stands still", () => {
      if (world.controllers.some(({ life }) => life.alive))
        witness.strike(suspended ? "machine sleeps" : "controller stands still")
      for (const { life } of world.controllers) life.freeze(ms, suspended)
      if (suspended) {
        network.cut("The machine slept.")
        world.jumpWallClocks(0)
      }
    })
  for (const { at: when, freezeMs } of trouble.takeOvers) at(when, "a take-over", () => world.takeOver(freezeMs))
  for (const { at: when, backMs } of trouble.copies)
    at(when, "the state directory is copied", () => {
      const goBack = world.copy(backMs === null)
      if (backMs !== null) at(backMs, "the copy is given up for the original", goBack)
    })
  at(trouble.untilMs, "all is well from now on", () => {
    // What is still on its way to an end of its own ends with it.
    if (!isWithin(trouble.controllerDown, trouble.untilMs)) slurm.setController("up")
    slurm.setAccounting("up")
    fill(world, false)
  })
}

function fill({ cluster }: World, isFull: boolean): void {
  for (const home of cluster.homes.values()) home.isFull = isFull
}

function oneOf({ cluster, dice }: World, holds: (native: Native) => boolean): Native | undefined {
  const [first, ...rest] = cluster.slurm.listed().filter(holds)
  return first === undefined ? undefined : dice.pick([first, ...rest])
}
