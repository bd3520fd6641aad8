import { torque } from "../../src/schedulers/torque/index.ts"
import { readXml, textOf } from "../../src/schedulers/xml.ts"
import { type TheirJob, foreignCases, jobOf, qstatBlocks } from "./foreign-cases.ts"

const ids = /<Job_Id>([^<]+)<\/Job_Id>/

foreignCases({
  scheduler: torque,
  name: "torque",
  printed: (jobs) => {
    const all = jobs.map(({ id, name, attributes: { state, ...more } }) =>
      Object.entries({ Job_Id: id, Job_Name: name, ...(state === undefined ? {} : { job_state: state }), ...more })
        .filter(([key]) => !key.includes("."))
        .map(([key, value]) => `<${key}>${value.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</${key}>`)
        .join(""),
    )
    return `hz-selected ${jobs.length}\n<Data>${all.map((one) => `<Job>${one}</Job>`).join("")}</Data>\nhz-end 0\n`
  },
  read: (result) => torque.queue([]).parse(result),
  jobsOf: ({ command, stdout }) => {
    if (stdout.includes("Job Id:")) return qstatBlocks(stdout, "Job Id:")
    return /qstat -x/.test(command ?? "") && ids.test(stdout) ? fromXml(stdout) : null
  },
  otherwise: "are of tracejob, of the table of qstat, or an answer without a job",
  noIds: { "submit/torque/006": "are about white space around what is no id" },
})

function fromXml(text: string): TheirJob[] {
  return readXml(text.replace("<Data>", '<?xml version="1.0"?><Data>')).roots.flatMap(({ children }) =>
    children.map((job) => {
      const told = ["job_state", "ctime", "start_time", "exec_host", "exit_status"].flatMap((name) => {
        const value = textOf(job, name)
        return value === null ? [] : [[name, value] as const]
      })
      return jobOf(textOf(job, "Job_Id") ?? "", Object.fromEntries(told))
    }),
  )
}
