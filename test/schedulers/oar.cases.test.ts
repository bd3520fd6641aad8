import { oar } from "../../src/schedulers/oar/index.ts"
import { foreignCases, qstatBlocks } from "./foreign-cases.ts"

foreignCases({
  scheduler: oar,
  name: "oar",
  printed: (jobs) => {
    const all = jobs.map(({ id, name, attributes }) => [id, { Job_Id: id, name, ...attributes }] as const)
    return `${JSON.stringify(Object.fromEntries(all), null, 3)}\nend\n`
  },
  read: (result) => oar.queue([]).parse(result),
  jobsOf: ({ stdout }) => (stdout.includes("Job_Id:") ? qstatBlocks(stdout, "Job_Id:") : null),
  otherwise: "are an answer without a job",
})
