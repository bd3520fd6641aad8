/** Grid Engine against the cases of other projects' test suites, where they stand beside the repository. */
import { sge } from "../../src/schedulers/sge/index.ts"
import { readAccounting } from "../../src/schedulers/sge/accounting.ts"
import { readQueue } from "../../src/schedulers/sge/queue.ts"
import { elementsNamed, readXml, textOf } from "../../src/schedulers/xml.ts"
import type { Listing } from "../../src/schedulers/index.ts"
import { type Case, type TheirJob, foreignCases, jobOf } from "./foreign-cases.ts"

const isAccounting = (attributes: TheirJob["attributes"]): boolean => attributes["failed"] !== undefined

foreignCases({
  scheduler: sge,
  name: "sge",
  printed: (jobs) => (jobs.some(({ attributes }) => isAccounting(attributes)) ? records(jobs) : list(jobs)),
  read: (result): Listing => (/^=/m.test(result.stdout) ? readAccounting(result) : readQueue(result)),
  jobsOf,
  otherwise:
    "are of commands that we never use (qstat as a table, qstat -j for what runs) or of jobs that are not known",
})

function list(jobs: readonly TheirJob[]): string {
  const lists = jobs.map(
    ({ id, name, attributes }) =>
      `<job_list><JB_job_number>${id}</JB_job_number><JB_name>${name}</JB_name><state>${attributes["state"]}</state></job_list>`,
  )
  return `<?xml version='1.0'?>\n<job_info>${lists.join("\n")}</job_info>\nend\n`
}

function records(jobs: readonly TheirJob[]): string {
  const texts = jobs.map(({ id, name, attributes }) => {
    const fields = Object.entries({ ...attributes, jobname: name, jobnumber: id })
    return `==============\n${fields.map(([field, value]) => `${field} ${value}\n`).join("")}`
  })
  return `${texts.join("")}end\n`
}

function jobsOf(one: Case): readonly TheirJob[] | null {
  if (one.exit_code !== 0) return null
  if (/qstat.*-xml/.test(one.command ?? "") && !/ -j /.test(one.command ?? "")) return listed(one.stdout)
  if (one.command?.startsWith("qacct ") === true) return accounted(one.stdout)
  // The table has the states as well, in their column.
  return /^qstat(?: \||$)/.test(one.command ?? "") ? tabled(one.stdout) : null
}

function listed(text: string): TheirJob[] {
  return readXml(text)
    .roots.flatMap((root) => elementsNamed(root, "job_list"))
    .map((job) => jobOf(textOf(job, "JB_job_number") ?? "", { state: textOf(job, "state") ?? "" }))
}

function accounted(text: string): TheirJob[] {
  return text
    .split(/^=+$/m)
    .slice(1)
    .map((block) => {
      const fields = new Map(
        block.split("\n").flatMap((line) => (/^(\w+) +(.*?) *$/.exec(line) === null ? [] : [pairOf(line)])),
      )
      const told = Object.fromEntries(
        ["failed", "exit_status", "ru_wallclock"].map((name) => [name, fields.get(name) ?? ""]),
      )
      return jobOf(fields.get("jobnumber") ?? "", told)
    })
}

function pairOf(line: string): [string, string] {
  const [, name = "", value = ""] = /^(\w+) +(.*?) *$/.exec(line) ?? []
  return [name, value]
}

function tabled(text: string): TheirJob[] {
  return text.split("\n").flatMap((line) => {
    const [, id, state] = /^ *(\d+) +[\d.]+ +\S+ +\S+ +(\S+) +\d\d\/\d\d\/\d{4} /.exec(line) ?? []
    return id === undefined || state === undefined ? [] : [jobOf(id, { state })]
  })
}
