import { htcondor } from "../../src/schedulers/htcondor/index.ts"
import { foreignCases, jobOf } from "./foreign-cases.ts"
import { nativeOf } from "./samples.ts"

const history = htcondor.history([nativeOf("1.0")], 0)

/** The letters of the table are these states. */
const letters: Readonly<Record<string, string>> = { U: "0", I: "1", R: "2", X: "3", C: "4", H: "5", E: "8" }

foreignCases({
  scheduler: htcondor,
  name: "htcondor",
  printed: (jobs) => {
    const ads = jobs.map(({ id, name, attributes: { state, ...more } }) => ({
      GlobalJobId: `head#${id.includes(".") ? id : `${id}.0`}#1795233653`,
      JobStatus: Number(state),
      JobBatchName: name,
      ...more,
    }))
    return `[\n${ads.map((ad) => JSON.stringify(ad, null, 2)).join(",\n")}\n]\n`
  },
  // A state that ends a job does so for certain where it has left the queue.
  read: (result) => {
    if (history === null) throw new Error("HTCondor has a history.")
    return history.parse(result)
  },
  jobsOf: ({ command, stdout }) => {
    const table = [...stdout.matchAll(/^ *(\d+\.\d+) +\S+ +\S+ \S+ +\S+ ([A-Z]) /gm)]
    if (table.length > 0) return table.map(([, id = "", letter = ""]) => jobOf(id, { state: letters[letter] ?? "" }))
    if (!/-af:j/.test(command ?? "")) return null
    return [...stdout.matchAll(/^(\d+\.\d+) (\d+) /gm)].map(([, id = "", state = ""]) => jobOf(id, { state }))
  },
  otherwise: "are an answer without a job, or without its id",
  idOf: (id) => (id.includes(".") ? id : `${id}.0`),
})
