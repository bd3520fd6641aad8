import { expect, test } from "vitest"
import { lsf } from "../../src/schedulers/lsf/index.ts"
import { shared, sharedLines, withoutShared } from "../support/shared.ts"
import { foreignCases, jobOf } from "./foreign-cases.ts"
import { resultOf } from "./samples.ts"

/** What a case tells of a state is in one of these forms. */
const rows = [
  // bjobs -o "id stat exit_reason …" with bars between.
  { command: /delimiter='\|'/, row: /^\s*(\d+)\|(\w+)\|([^|]*)\|/, fields: ["id", "state", "EXIT_REASON"] },
  // bjobs -w, with and without -W.
  { command: /bjobs -w|bjobs -A/, row: /^\s*(\d+)\s+\S+\s+(\w+)\s+\S+\s+\S+\s+\S+/, fields: ["id", "state"] },
  // bjobs -o stat 123
  { command: /-o 'stat'/, row: /^(\w+)$/, fields: ["state"] },
]

foreignCases({
  scheduler: lsf,
  name: "lsf",
  printed: (jobs) => {
    const records = jobs.map(({ id, name, attributes: { state = "", ...more } }) => ({
      JOBID: id,
      STAT: state,
      JOB_NAME: name,
      ...more,
    }))
    return `${JSON.stringify({ COMMAND: "bjobs", JOBS: records.length, RECORDS: records }, null, 2)}\n`
  },
  read: (result) => lsf.queue([]).parse(result),
  jobsOf: ({ command, stdout }) => {
    const layout = rows.find((one) => one.command.test(command ?? ""))
    if (layout === undefined || stdout === "") return null
    const jobs = stdout.split("\n").flatMap((line) => {
      const values = layout.row.exec(line)?.slice(1)
      if (values === undefined) return []
      const told = Object.fromEntries(layout.fields.map((field, index) => [field, values[index] ?? ""]))
      const { id = "123", ...attributes } = told
      return [jobOf(id, attributes)]
    })
    return jobs.length === 0 ? null : jobs
  },
  otherwise: "are of bacct, of the report in the job's output, or without a job",
  apart: {
    "parse/lsf/011": "columns that we ask for are always there",
    "parse/lsf/013": "elements of arrays, which share an id, are never ours",
  },
})

test.skipIf(shared === null)(`hosts of other projects' jobs are told each once${withoutShared}`, () => {
  const all = sharedLines<{ kind: string; text: string; expect: { host: string }[] }>("cases/hostlist.jsonl")
  const ran = all.filter(({ kind }) => kind === "lsf_exec_host")
  for (const { text, expect: hosts } of ran) {
    const record = { JOBID: "1", STAT: "RUN", JOB_NAME: "hzcase000000000", EXEC_HOST: text }
    const stdout = JSON.stringify({ COMMAND: "bjobs", JOBS: 1, RECORDS: [record] }, null, 2)
    const [seen] = lsf.queue([]).parse(resultOf({ stdout })).evidence
    expect(seen?.host, text).toBe(hosts.map(({ host }) => host).join(","))
  }
  console.info(`lsf_exec_host: ${ran.length} of ${ran.length} cases ran`)
})
