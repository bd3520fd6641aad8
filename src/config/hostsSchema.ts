/** The hosts of an executor for MPI: `[a:4, {host: b, slots: 4}, c]`. */
import { z } from "zod"
import { bad, describe, good, type Reading } from "../job/problem.ts"
import type { HostSlots } from "../job/resources.ts"
import { count, maybe, readText } from "../job/schema.ts"

const want = "Write hosts with their slots, such as [a:4, {host: b, slots: 4}]."

const host = z.union(
  [
    readText(readHost, want),
    z
      .strictObject({ host: readText(readName, "Write a host's name."), slots: maybe(count("4")) }, { error: want })
      .transform(({ host: name, slots }): HostSlots => ({ host: name, slots: slots ?? 1 })),
  ],
  { error: want },
)

/** A name alone has one slot. A host that is named twice is an error: its slots could be meant to add up, or not. */
export const hostsSchema: z.ZodType<HostSlots[]> = z.array(host, { error: want }).transform((hosts, context) => {
  const names = hosts.map(({ host: name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  const wrong = hosts.length === 0 ? "is an empty list" : twice === undefined ? null : `names ${twice} twice`
  if (wrong === null) return hosts
  context.issues.push({ code: "custom", input: hosts, message: want, params: { why: wrong } })
  return z.NEVER
})

function readHost(text: string): Reading<HostSlots> {
  const [, name = "", slots] = /^([^:]*)(?::(\d{1,6}))?$/.exec(text) ?? []
  if (name === "" || slots === "0") return bad(describe(text), want)
  const named = readName(name)
  return named.ok ? good({ host: named.value, slots: Number(slots ?? 1) }) : named
}

/** As it stands in a machinefile, and on the command line of ssh. */
function readName(text: string): Reading<string> {
  return /^[A-Za-z0-9][\w.-]*$/.test(text) ? good(text) : bad(describe(text), "Write a host's name.")
}
