/** The slots of several hosts: which of them a job gets, and what that means for its launcher. Pure. */
import { type HostSlots, type JobSpec, type Resources, cpusOf } from "../job/index.ts"

/** Slots have numbers, from 0 over all hosts in their order: those of a job are its attempt's `devices`. */
export type Choice =
  | { readonly kind: "slots"; readonly slots: readonly number[] }
  | { readonly kind: "waiting"; readonly reason: string }
  | { readonly kind: "impossible"; readonly reason: string }

/** What a job asks of each host: `nodes` of them with `each` slots, or `total` slots wherever, `unit` at a time. */
interface Wish {
  readonly nodes: number | null
  readonly each: number
  readonly total: number
  readonly unit: number
  readonly alone: boolean
}

/**
 * As few hosts as possible, and of those that hold all of it the one with the least to spare, so that large jobs find
 * room. `taken`: numbers that other jobs have. With `oversubscribe` a job gets what there is.
 */
export function chooseSlots(
  hosts: readonly HostSlots[],
  taken: ReadonlySet<number>,
  resources: Resources,
  oversubscribe: boolean,
): Choice {
  const wish = wishOf(hosts, resources, oversubscribe)
  const all = numbered(hosts)
  const found = pick(all, wish)
  if (found === null) return { kind: "impossible", reason: `${askText(wish)}, and the hosts have ${hostsText(hosts)}.` }
  const free = all
    .map((slots) => slots.filter((slot) => !taken.has(slot)))
    .map((slots, index) => (wish.alone && slots.length < (all[index]?.length ?? 0) ? [] : slots))
  const slots = pick(free, wish)
  return slots === null
    ? { kind: "waiting", reason: `It waits for ${wish.total} of ${all.flat().length} slots.` }
    : { kind: "slots", slots }
}

/** How many processes go to each host; none are left out. */
export function hostsOf(hosts: readonly HostSlots[], slots: readonly number[], spec: JobSpec): HostSlots[] {
  const unit = spec.resources.cpusPerTask ?? 1
  return numbered(hosts).flatMap((numbers, index) => {
    const host = hosts[index]
    const mine = numbers.filter((number) => slots.includes(number)).length
    return host === undefined || mine === 0 ? [] : [{ host: host.host, slots: Math.max(1, Math.floor(mine / unit)) }]
  })
}

function numbered(hosts: readonly HostSlots[]): number[][] {
  let next = 0
  return hosts.map(({ slots }) => Array.from({ length: slots }, () => next++))
}

function wishOf(hosts: readonly HostSlots[], resources: Resources, oversubscribe: boolean): Wish {
  const unit = resources.cpusPerTask ?? 1
  const all = hosts.map(({ slots }) => slots)
  const total = cpusOf(resources)
  const { nodes, tasks, tasksPerNode, exclusive } = resources
  const spread = nodes ?? (tasksPerNode !== null && tasks !== null ? Math.ceil(tasks / tasksPerNode) : null)
  const each = spread === null ? unit : (tasksPerNode ?? Math.ceil((tasks ?? spread) / spread)) * unit
  if (!oversubscribe) return { nodes: spread, each, total, unit, alone: exclusive }
  const most = all.toSorted((one, other) => other - one)[(spread ?? 1) - 1] ?? 0
  const sum = all.reduce((one, other) => one + other, 0)
  return { nodes: spread, each: Math.min(each, most), total: Math.min(total, sum), unit: 1, alone: exclusive }
}

function pick(free: readonly (readonly number[])[], wish: Wish): number[] | null {
  const { nodes, each, total, unit, alone } = wish
  const take = (slots: readonly number[], count: number): readonly number[] => (alone ? slots : slots.slice(0, count))
  if (nodes !== null) {
    const fit = free.filter((slots) => slots.length >= each).toSorted((one, other) => one.length - other.length)
    return fit.length < nodes ? null : fit.slice(0, nodes).flatMap((slots) => take(slots, each))
  }
  const one = free.filter((slots) => slots.length >= total).toSorted((a, b) => a.length - b.length)[0]
  if (one !== undefined) return [...take(one, total)]
  const chosen: number[] = []
  let missing = total
  for (const slots of free.toSorted((a, b) => b.length - a.length)) {
    // A process never has its cores on two hosts.
    const count = Math.min(missing, Math.floor(slots.length / unit) * unit)
    if (count > 0) chosen.push(...take(slots, count))
    missing -= count
  }
  return missing > 0 ? null : chosen.toSorted((a, b) => a - b)
}

function askText({ nodes, each, total, unit }: Wish): string {
  if (nodes !== null) return `It asks for ${nodes} hosts with ${each} slots each`
  return `It asks for ${total} slots${unit > 1 ? `, ${unit} of one host for each process` : ""}`
}

function hostsText(hosts: readonly HostSlots[]): string {
  return hosts.map(({ host, slots }) => `${host}:${slots}`).join(", ")
}
