import { describe, expect, test } from "vitest"
import { UsageError } from "../../src/errors.ts"
import type { Listing } from "../../src/schedulers/index.ts"
import { process } from "../../src/schedulers/process.ts"
import { contract } from "./contract.ts"
import { host, nativeId, processSample } from "./process.sample.ts"
import { nativeOf, otherToken, resultOf, specOf, submissionOf, thrownBy, token } from "./samples.ts"

const rebooted = "host 3f2e1d 99999999-1111-2222-3333-444455556666 4026531836\n"

contract(processSample)

const list = (lines: string): Listing => process.queue([nativeOf(nativeId)]).parse(resultOf({ stdout: lines }))

describe("the processes of a host", () => {
  test("one that is gone has ended, and how is not for the process table to say", () => {
    expect(list(`${host}process ${token} gone ${nativeId}\nend\n`)).toMatchObject({
      evidence: [{ word: "gone", state: "ended", outcome: null, reason: null, nativeId }],
      coverage: "complete",
    })
  })

  test.each([
    ["whose record was never written", `${host}process ${token} unknown -\nend\n`],
    ["that is gone, says an answer that does not name its host", `process ${token} gone ${nativeId}\nend\n`],
    ["that was started on another machine", `${host}process ${token} elsewhere ${nativeId}\nend\n`],
  ])("one %s is no evidence", (_, lines) => {
    expect(list(lines).evidence).toEqual([])
  })

  test("one that has written its exit record is over, though its process may be there for a moment", () => {
    const [evidence] = list(`${host}process ${token} over ${nativeId}\nend\n`).evidence
    expect(evidence).toMatchObject({ word: "over", state: "ended", outcome: null })
  })

  test("one whose first process is gone still runs while others of it do", () => {
    const [evidence] = list(`${host}process ${token} left ${nativeId}\nend\n`).evidence
    expect(evidence).toMatchObject({ word: "left", state: "running", source: "processes" })
  })

  test("a new boot of the same machine is proof of its end", () => {
    const [evidence] = list(`${rebooted}process ${token} gone ${nativeId}\nend\n`).evidence
    expect(evidence).toMatchObject({
      state: "ended",
      outcome: { state: "failed", cause: "node-failure", exitCode: null },
    })
  })

  test("another host behind the same name proves nothing, and says so", () => {
    const listing = list(`${rebooted}process ${token} elsewhere ${nativeId}\nend\n`)
    expect(listing).toMatchObject({ evidence: [], coverage: "partial" })
    expect(listing.trouble).toContain("Another host")
  })

  test.each([
    ["without the end mark", `${host}process ${token} alive ${nativeId}\n`],
    ["without the host", `process ${token} alive ${nativeId}\nend\n`],
    ["with half a line", `${host}process ${token} alive ${nativeId}\nen`],
  ])("an answer %s is partial", (_, lines) => {
    expect(list(lines)).toMatchObject({ coverage: "partial", evidence: [{ state: "running" }] })
  })

  test("a look asks for the records and then every process, and once for each home", () => {
    const other = { ...nativeOf(null, otherToken), directory: `/scratch/h/jobs/${otherToken}` }
    const looks = process.look([nativeOf(nativeId), other], 0)
    expect(looks.map(({ argv }) => argv)).toEqual([
      ["hz_processes", "/home/me/.hawser/s1", token],
      ["hz_processes", "/scratch/h", otherToken],
      ["hz_find_processes", token, otherToken],
    ])
    const found = looks[2]?.parse(resultOf({ stdout: `${host}found ${otherToken} ${nativeId}\nend\n` }))
    expect(found?.evidence).toMatchObject([{ token: otherToken, nativeId, state: "running" }])
  })
})

describe("ending a process", () => {
  const [kill] = process.cancel([nativeOf(nativeId)], { force: false, owner: 7 })

  test("goes by home, owner and token", () => {
    expect(kill?.argv).toEqual(["hz_kill", "/home/me/.hawser/s1", "7", token, "TERM"])
    const [force] = process.cancel([nativeOf(nativeId)], { force: true, owner: 7 })
    expect(force?.argv.at(-1)).toBe("KILL")
  })

  test.each(["signalled", "over", "gone", "unknown"])("%s is success", (word) => {
    expect(kill?.parse(resultOf({ stdout: `kill ${token} ${word}\nend\n` }))).toBeUndefined()
  })

  test.each([
    ["transient", resultOf({ stdout: `kill ${token} elsewhere\nend\n` })],
    ["in-doubt", resultOf({ stdout: `kill ${token} signalled\n` })],
    ["in-doubt", resultOf({ stdout: `kill ${otherToken} signalled\nend\n` })],
    ["gone", resultOf({ exitCode: 93, stderr: "superseded by owner 8\n" })],
  ])("an answer of class %s is none", (kind, result) => {
    expect(thrownBy(() => kill?.parse(result))).toMatchObject({ class: kind })
  })
})

test("what a process can't do is said before it is started", () => {
  const refused = [
    specOf({ native: ["--nice"] }),
    specOf({}, { nodes: 2 }),
    specOf({}, { begin: "2026-11-21T04:00:00.000Z" }),
  ]
  for (const spec of refused) {
    expect(thrownBy(() => process.directives(submissionOf(spec)))).toBeInstanceOf(UsageError)
  }
  const signal = { name: "USR1", beforeSeconds: 5 } as const
  expect(thrownBy(() => process.directives(submissionOf(specOf({ signal }))))).toBeInstanceOf(UsageError)
  expect(process.directives(submissionOf(specOf({ signal }, { walltime: 60 })))).toEqual([])
  expect(process.directives(submissionOf(specOf({}, { nodes: 1, tasks: 4, queue: "batch" })))).toEqual([])
})

test("the probe tells which machine answers", () => {
  const facts = process.probe().parse(resultOf({ stdout: `${host}end\n` }))
  expect(facts.facts).toMatchObject({ machine: "3f2e1d" })
})
