/** Which process this is, and whether another one still runs. */
import { execFile } from "node:child_process"
import { readFile, readlink } from "node:fs/promises"
import { hostname } from "node:os"
import { promisify } from "node:util"

/** A process, told from every other one that had or will have its pid. */
export interface Process {
  readonly pid: number
  /** Changes with each process that gets the pid; null: unknown. */
  readonly startTime: string | null
  readonly host: string
  readonly machineId: string | null
  /** Unique for each start of a machine. */
  readonly bootId: string | null
  /** Containers on one machine share the boot id, and each has pids of its own. */
  readonly pidNamespace: string | null
}

/** The process that owns a state directory. */
export interface Owner extends Process {
  readonly epoch: number
  /** Where it listens; null: nowhere. */
  readonly socket: string | null
  /** Since when, ms. */
  readonly since: number
}

export type Verdict = "live" | "dead" | "elsewhere"

export interface Host {
  self(): Promise<Process>
  /** Null: there is no process of that pid (or only what is left of one). */
  startTimeOf(pid: number): Promise<string | null>
}

/** Does it run? `elsewhere`: that can't be seen from here. */
export async function judge(host: Host, other: Process): Promise<Verdict> {
  const self = await host.self()
  const sameBoot = other.bootId !== null && other.bootId === self.bootId
  if (sameBoot && other.pidNamespace === self.pidNamespace) {
    const startTime = await host.startTimeOf(other.pid)
    return startTime !== null && startTime === other.startTime ? "live" : "dead"
  }
  if (!sameBoot && sameMachine(self, other)) return "dead"
  return "elsewhere"
}

export const systemHost: Host = {
  self: async () => ({
    pid: process.pid,
    startTime: await systemHost.startTimeOf(process.pid),
    host: hostname(),
    machineId: (await firstLine("/etc/machine-id")) ?? (await answerOf("sysctl", ["-n", "kern.hostuuid"])),
    bootId:
      (await firstLine("/proc/sys/kernel/random/boot_id")) ??
      (await answerOf("sysctl", ["-n", "kern.bootsessionuuid"])),
    pidNamespace: await readlink("/proc/self/ns/pid").catch(() => null),
  }),
  startTimeOf: async (pid) => {
    const stat = await firstLine(`/proc/${pid}/stat`)
    if (stat !== null) return startTimeIn(stat)
    if ((await firstLine("/proc/self/stat")) !== null) return null
    return answerOf("ps", ["-o", "lstart=", "-p", String(pid)])
  },
}

/** Field 22 of proc_pid_stat(5); null for a process that is dead and not yet collected. The name may hold anything. */
export function startTimeIn(stat: string): string | null {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null)
}

// The first pid namespace of a Linux kernel has always this number (PROC_PID_INIT_INO). Containers may share a baked-in
// machine id, so another boot id proves a reboot only outside of them.
const firstPidNamespace = "pid:[4026531836]"

function sameMachine(self: Process, other: Process): boolean {
  if (self.bootId === null || other.bootId === null) return false
  const contained = [self, other].some((one) => one.pidNamespace !== null && one.pidNamespace !== firstPidNamespace)
  return !contained && self.machineId !== null && self.machineId === other.machineId && self.host === other.host
}

async function firstLine(path: string): Promise<string | null> {
  const text = await readFile(path, "utf8").catch(() => "")
  return text.split("\n")[0]?.trim() || null
}

async function answerOf(command: string, args: readonly string[]): Promise<string | null> {
  const { stdout } = await promisify(execFile)(command, [...args], { timeout: 5_000 }).catch(() => ({ stdout: "" }))
  return stdout.trim() || null
}
