import { spawnSync } from "node:child_process"
import { describe, expect, test } from "vitest"
import { prelude } from "../../src/remote/prelude.ts"
import { actOnSelected, askSelected, readSelected } from "../../src/schedulers/selected.ts"
import { quoteAll } from "../../src/quote.ts"
import { shells } from "../support/shells.ts"

/** Stand-ins for a manager's commands. */
const commands = `
listed() { printf '%s\\n' 'Welcome, 4 messages' '  12.head ' '13[].head' '' '14'; return "\${1:-0}"; }
shown() { printf 'shown <%s>\\n' "$@"; }
refused() { echo 'no such job' >&2; return 9; }
`

describe.each(shells)("under $name", ({ argv: [program, ...flags] }) => {
  const run = (argv: readonly string[], more = ""): { status: number | null; stdout: string; stderr: string } => {
    const input = `${prelude()}${commands}${more}(\n${quoteAll(argv)}\n)\n`
    const { status, stdout, stderr } = spawnSync(program, [...flags, "-s"], { input, encoding: "utf8" })
    return { status, stdout, stderr }
  }

  test("a question is about the natives that were selected, and its answer has a head and an end", () => {
    const { status, stdout } = run(askSelected(["listed"], ["shown", "a b", "*"]))
    expect(status).toBe(0)
    expect(readSelected(stdout)).toEqual({
      count: 3,
      noise: ["Welcome, 4 messages"],
      body: "shown <a b>\nshown <*>\nshown <12.head>\nshown <13[].head>\nshown <14>\n",
      isWhole: true,
      rest: [],
    })
  })

  test("where none are selected nothing is asked, and it is said", () => {
    const { status, stdout } = run(askSelected(["true"], ["refused"]))
    expect([status, readSelected(stdout)]).toMatchObject([0, { count: 0, isWhole: true }])
  })

  test("a selection that fails is the failure of the question; so is the question's own", () => {
    const failed = run(askSelected(["listed", "4"], ["shown"]))
    expect(failed.status).toBe(4)
    expect(readSelected(failed.stdout)).toMatchObject({ count: null, isWhole: false })
    expect(run(askSelected(["listed"], ["refused"]))).toMatchObject({ status: 9, stderr: "no such job\n" })
  })

  test.each([
    ["12.head", ["12.head"]],
    ["12.head.example.org", ["12.head"]],
    ["14", ["14"]],
    [null, ["12.head", "13[].head", "14"]],
    ["1.head", []],
    ["-", ["12.head", "13[].head", "14"]],
  ])("an effect on %s hits those of the selected that it names: %j", (id, hit) => {
    const { status, stdout } = run(actOnSelected(id, ["listed"], [["shown", "first"], ["shown"]]))
    expect(status).toBe(0)
    const each = hit.map((one) => `shown <${one}>\n`).join("")
    expect(stdout.replace("Welcome, 4 messages\n", "")).toBe(hit.length === 0 ? "" : `shown <first>\n${each}${each}`)
  })

  test("the last effect decides, and a selection that fails is no success", () => {
    expect(run(actOnSelected("14", ["listed"], [["refused"], ["shown"]])).status).toBe(0)
    expect(run(actOnSelected("14", ["listed"], [["shown"], ["refused"]])).status).toBe(9)
    expect(run(actOnSelected("14", ["refused"], [["shown"]]))).toMatchObject({ status: 9, stdout: "" })
  })

  test("who answers nothing is asked in another way; who fails is not", () => {
    const again = (...query: readonly string[]): ReturnType<typeof run> =>
      run(["hz_ask_again_if_silent", String(query.length), ...query, "shown", "b c"])
    expect(again("shown", "a")).toMatchObject({ status: 0, stdout: "shown <a>\n" })
    expect(again("true", "x")).toMatchObject({ status: 0, stdout: "shown <b c>\n" })
    expect(again("refused")).toMatchObject({ status: 9, stderr: "no such job\n" })
  })

  test("Flux is told an urgency for each id, and one that fails is no success", () => {
    const flux = 'flux() { shown "$@"; [ "$3" != 14 ] || refused; }\n'
    const told = (...ids: readonly string[]): ReturnType<typeof run> => run(["hz_flux_urgency", "hold", ...ids], flux)
    const lines = (id: string): string => ["job", "urgency", id, "hold"].map((word) => `shown <${word}>\n`).join("")
    expect(told("12", "13")).toMatchObject({ status: 0, stdout: lines("12") + lines("13") })
    expect(told("14", "12")).toMatchObject({ status: 9, stdout: lines("14") + lines("12") })
  })

  test("the login name stands behind what asks for it", () => {
    const name = spawnSync("id", ["-un"], { encoding: "utf8" }).stdout
    expect(run(["hz_of_user", "shown", "-u"]).stdout).toBe(`shown <-u>\nshown <${name.trim()}>\n`)
  })
})
