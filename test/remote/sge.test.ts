import { spawnSync } from "node:child_process"
import { describe, expect, test } from "vitest"
import { prelude } from "../../src/remote/prelude.ts"
import { shellText } from "../../src/remote/shellText.ts"
import { quoteAll } from "../../src/quote.ts"
import { sge } from "../../src/schedulers/sge/index.ts"
import { fixture, nativeOf, resultOf, token } from "../schedulers/samples.ts"
import { programs } from "../support/programs.ts"
import { shells } from "../support/shells.ts"

const recorded = fixture("sge/queue/error-state-with-its-reason-behind-it.txt")
const [list = "", details = ""] = recorded.replace(/end\n$/, "").split("hz-reasons\n")

describe.each(shells)("Grid Engine's verbs, under $name", ({ argv: [program, ...flags] }) => {
  const run = (argv: readonly string[], texts: Readonly<Record<string, string>>) => {
    const input = `${shellText(["facts.sh"])}${prelude()}${programs(texts)}(\n${quoteAll(argv)}\n)\nhz_code=$?\nrm -r "$hz_bin"\nexit "$hz_code"\n`
    const { status, stdout, stderr } = spawnSync(program, [...flags, "-s"], { input, encoding: "utf8" })
    return { status, stdout, stderr }
  }

  test("the queue is asked for reasons only where one of ours is in an error state, and only for those", () => {
    const qstat = `[ "$TZ" = UTC0 ] || exit 9
case "$*" in
  "-xml -s prs") cat <<'LIST'\n${list}LIST
  ;;
  "-xml -j 110") cat <<'DETAILS'\n${details}DETAILS
  ;;
  *) echo "asked $*" >&2; exit 8 ;;
esac`
    const { status, stdout, stderr } = run(sge.queue([]).argv, { qstat })
    expect([status, stderr]).toEqual([0, ""])
    expect(stdout).toBe(recorded)
    const quiet = run(sge.queue([]).argv, { qstat: qstat.replaceAll("Eqw", "hqw") })
    expect(quiet.stdout).toBe(`${list.replaceAll("Eqw", "hqw")}end\n`)
  })

  test("a reason that can't be had is no failure of the queue, and a queue that fails is one", () => {
    const qstat = `case "$*" in *-j*) exit 1 ;; *) cat <<'LIST'\n${list}LIST\n;; esac`
    expect(run(sge.queue([]).argv, { qstat })).toEqual({ status: 0, stdout: `${list}hz-reasons\nend\n`, stderr: "" })
    const down = run(sge.queue([]).argv, { qstat: "echo 'error: commlib error' >&2; exit 1" })
    expect(down).toEqual({ status: 1, stdout: "\n", stderr: "error: commlib error\n" })
  })

  test("accounting is told name by name, in UTC, with what qacct says of those that it does not know", () => {
    const qacct = `[ "$TZ" = UTC0 ] || exit 9
case "$*" in
  "-j known") printf '=====\\njobname known\\nru_wallclock 3s\\nru_maxrss 4KB\\nru_minflt 5\\n' ;;
  "-b 202611200333 -j hz*") printf '=====\\njobname hz\\n' ;;
  *) echo "error: job name $2 not found" >&2; exit 1 ;;
esac`
    const known = "=====\njobname known\nru_wallclock 3s\nru_minflt 5\n"
    expect(run(["hz_sge_accounting", "-", "known", "unknown"], { qacct })).toEqual({
      status: 0,
      stdout: `${known}error: job name unknown not found\nend\n`,
      stderr: "",
    })
    expect(run(["hz_sge_accounting", "202611200333", "hz*"], { qacct }).stdout).toBe("=====\njobname hz\nend\n")
  })

  describe("a cancel", () => {
    const [command] = sge.cancel([nativeOf("4711")], { force: false, owner: 1 })
    const cancel = (told: string) =>
      run(command?.argv ?? [], { qstat: `[ "$*" = "-j 4711" ] && ${told}`, qdel: 'echo "me has deleted job $*"' })

    test("hits the id that has the name", () => {
      const told = cancel(
        `printf 'job_number:                 4711\\njob_name:                   ${token}-relax\\nnotify: x\\n'`,
      )
      expect(told).toEqual({ status: 0, stdout: "me has deleted job 4711\n", stderr: "" })
    })

    test.each([`${token}-relax2`, "another", `x ${token}-relax`, ""])(
      "leaves an id alone that is called %j",
      (name) => {
        const told = cancel(`printf '%s\\n' 'context: ${token}-relax' 'job_name:    ${name}'`)
        expect(told).toEqual({ status: 0, stdout: "stranger\n", stderr: "" })
      },
    )

    test("of an id that is not known has nothing to do", () => {
      const { status, stdout, stderr } = cancel("{ printf 'Following jobs do not exist: \\n4711\\n' >&2; exit 1; }")
      expect([status, stdout]).toEqual([1, ""])
      expect(command?.parse(resultOf({ exitCode: status ?? 0, stdout, stderr }))).toBeUndefined()
    })
  })

  test("the probe has the configuration and the version, and fails with the manager", () => {
    const qconf = `case $1 in -sconf) echo "execd_spool_dir /x"; printf 'params a \\\\\\n       b\\n' ;; -help) printf 'SGE 8.1.9\\nusage\\n' ;; esac`
    expect(run(sge.probe().argv, { qconf }).stdout).toBe(
      "execd_spool_dir /x\nparams a \\\n       b\nhz_version SGE 8.1.9\nend\n",
    )
    expect(run(sge.probe().argv, { qconf: "exit 1" }).status).toBe(1)
  })
})
