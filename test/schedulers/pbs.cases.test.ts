import { pbs } from "../../src/schedulers/pbs/index.ts"
import { foreignCases, qstatBlocks } from "./foreign-cases.ts"

foreignCases({
  scheduler: pbs,
  name: "pbspro",
  printed: (jobs) => {
    const all = jobs.map(({ id, name, attributes: { state, ...more } }) => [
      id,
      { Job_Name: name, ...(state === undefined ? {} : { job_state: state }), ...more },
    ])
    return `hz-selected ${jobs.length}\n${JSON.stringify({ Jobs: Object.fromEntries(all) as object }, null, 4)}\nhz-end 0\n`
  },
  read: (result) => pbs.queue([]).parse(result),
  jobsOf: (one) => {
    if (one.exit_code !== 0) return null
    if (!/-F json/.test(one.command ?? "")) return qstatBlocks(one.stdout, "Job Id:")
    const { Jobs } = JSON.parse(one.stdout) as { Jobs: Record<string, Record<string, string>> }
    return Object.entries(Jobs).map(([id, attributes]) => ({
      id,
      name: "hzcase000000000-theirs",
      attributes: { ...attributes, Job_Name: "hzcase000000000-theirs" },
    }))
  },
  otherwise: "are an answer without a job",
})
