import { decimalOf } from "../../src/schedulers/flux/f58.ts"
import { flux } from "../../src/schedulers/flux/index.ts"
import { jobs } from "./flux.sample.ts"
import { foreignCases, jobOf } from "./foreign-cases.ts"

const results = ["COMPLETED", "FAILED", "CANCELED", "TIMEOUT"]

/** Abbreviations, and the numbers of `flux job list`. */
const states: Readonly<Record<string, string>> = {
  D: "DEPEND",
  P: "PRIORITY",
  S: "SCHED",
  R: "RUN",
  C: "CLEANUP",
  I: "INACTIVE",
  2: "DEPEND",
  4: "PRIORITY",
  8: "SCHED",
  16: "RUN",
  32: "CLEANUP",
  64: "INACTIVE",
}
const numbered: Readonly<Record<string, string>> = { 1: "COMPLETED", 2: "FAILED", 4: "CANCELED", 8: "TIMEOUT" }

const ours = (id: string): string => decimalOf(id) ?? id

foreignCases({
  scheduler: flux,
  name: "flux",
  printed: (told) =>
    jobs(
      told.map(({ id, name, attributes: { state = "", ...more } }) => ({
        name,
        id,
        ...(results.includes(state) ? { state: "INACTIVE", result: state } : { state }),
        urgency: 16,
        ...more,
      })),
    ),
  read: (result) => flux.queue([]).parse(result),
  jobsOf: ({ stdout }) =>
    stdout.split("\n").flatMap((row) => {
      const [, id, state] = /^(ƒ\w+)(?: .*)? (R|D|S|C|I)(?: .*)?$/.exec(row) ?? []
      if (id !== undefined && state !== undefined) return [jobOf(ours(id), { state: states[state] ?? "" })]
      if (!row.startsWith("{")) return []
      const told = JSON.parse(row) as { id: number; state: number; result?: number }
      const result = numbered[told.result ?? ""]
      return [jobOf(String(told.id), { state: states[told.state] ?? "", ...(result === undefined ? {} : { result }) })]
    }),
  otherwise: "",
  idOf: ours,
})
