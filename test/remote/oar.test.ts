import { spawnSync } from "node:child_process"
import { describe, expect, test } from "vitest"
import { prelude } from "../../src/remote/prelude.ts"
import { shellText } from "../../src/remote/shellText.ts"
import { quoteAll } from "../../src/quote.ts"
import { oar } from "../../src/schedulers/oar/index.ts"
import { jobs, running } from "../schedulers/oar.sample.ts"
import { nativeOf, token } from "../schedulers/samples.ts"
import { programs } from "../support/programs.ts"
import { shells } from "../support/shells.ts"

const listed = jobs({ "4711": running })
const oarstat = `[ "$1" = -V ] && { echo "OAR version : 2.5.9 (Canicule)"; exit; }
cat <<'JOBS'\n${listed}JOBS`
/** What a real one (2.5.9) answers: a resource, or none. */
const nodesOf = (answer: string): string => `case "$*" in
  "--json --sql resource_id = "*" AND NOT EXISTS (SELECT job_id FROM jobs)") printf '${answer}\\n\\n' ;;
  *) exit 9 ;;
esac`
const nodes = nodesOf('{\\n   "1" : {\\n      "state" : "Alive",\\n      "resource_id" : 1\\n   }\\n}')

describe.each(shells)("OAR's verbs, under $name", ({ argv: [program, ...flags] }) => {
  const run = (argv: readonly string[], texts: Readonly<Record<string, string>>) => {
    const input = `${shellText(["facts.sh"])}${prelude()}${programs(texts)}(\n${quoteAll(argv)}\n)\nhz_code=$?\nrm -r "$hz_bin"\nexit "$hz_code"\n`
    const { status, stdout, stderr } = spawnSync(program, [...flags, "-s"], { input, encoding: "utf8" })
    return { exitCode: status ?? 255, stdout, stderr, timedOut: false }
  }
  const [, named] = oar.look([nativeOf("4711")], 0)

  test("jobs are asked for with the newest one of all, and the answer is closed", () => {
    const asked = run(named!.argv, { oarstat: `printf '%s\\n' "$@"`, oarnodes: "exit 9" })
    const condition = `job_name IN ('${token}-relax') AND job_id >= 4711 OR job_id = (SELECT max(job_id) FROM jobs)`
    expect(asked.stdout).toBe(`--json\n--full\n--sql\n${condition}\nend\n`)
    const answer = run(named!.argv, { oarstat, oarnodes: "exit 9" })
    expect(answer).toMatchObject({ exitCode: 0, stdout: `${listed}end\n`, stderr: "" })
    expect(named!.parse(answer)).toMatchObject({ coverage: "complete", evidence: [{ nativeId: "4711" }] })
  })

  test("nothing is an answer only where the site has never had a job", () => {
    const parse = (oarnodes: string): unknown => named!.parse(run(named!.argv, { oarstat: ":", oarnodes }))
    expect(parse(":")).toMatchObject({ coverage: "partial" })
    expect(parse(nodesOf("{}"))).toMatchObject({ coverage: "partial" })
    expect(parse(nodes)).toMatchObject({ coverage: "complete", evidence: [], unread: [] })
    expect(() => parse("echo DB connection error, exiting. >&2; exit 25")).toThrow(/DB connection error/)
  })

  test("an oarstat that fails is no answer", () => {
    const down = run(named!.argv, { oarstat: "echo DB connection error, exiting. >&2; exit 25", oarnodes: nodes })
    expect(down).toMatchObject({ exitCode: 25, stdout: "\n" })
    expect(() => named!.parse(down)).toThrow(/DB connection error/)
  })

  test("a cancel is a TERM for what runs, which oardel is not, and a deletion of what does not", () => {
    const [command] = oar.cancel([nativeOf("4711")], { force: false, owner: 1 })
    const oardel = `echo "$*"; case $1 in --signal) echo 'Cannot signal 4711 ; This job is not running.' >&2; exit 5 ;; esac`
    const named = `job_name = '${token}-relax' AND job_id = 4711`
    const answer = run(command!.argv, { oardel })
    expect(answer.stdout.split("\n")).toEqual([
      `--signal TERM --sql ${named} AND state = 'Running'`,
      `--sql ${named} AND state NOT IN ('Terminated','Error','Running')`,
      "",
    ])
    expect(command!.parse(answer)).toBeUndefined()
    const down = run(command!.argv, { oardel: "echo DB connection error, exiting. >&2; exit 25" })
    expect(() => command!.parse(down)).toThrow(/DB connection error/)
  })

  test("the probe tells the version", () => {
    const probe = oar.probe()
    const answer = run(probe.argv, { oarstat, oarnodes: "exit 9" })
    expect(probe.parse(answer)).toEqual({ version: "OAR 2.5.9 (Canicule)", facts: { "jobs of Hawser's": "1" } })
    expect(() => probe.parse({ ...answer, stdout: answer.stdout.replace("end\n", "") })).toThrow(/oarstat/)
  })
})
