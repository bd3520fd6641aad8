import { expect, test } from "vitest"
import { hostsIn } from "../../src/job/hostlist.ts"
import { shared, sharedLines, withoutShared } from "../support/shared.ts"

test.each([
  ["n1", ["n1"]],
  ["n[1-3]", ["n1", "n2", "n3"]],
  ["n[08-11,3],login", ["n08", "n09", "n10", "n11", "n3", "login"]],
  ["r[0-1]n[1,3]-ib", ["r0n1-ib", "r0n3-ib", "r1n1-ib", "r1n3-ib"]],
  ["n[1,1]", ["n1", "n1"]],
  ["", []],
])("%s", (text, hosts) => expect(hostsIn(text)).toEqual(hosts))

test.each(["n[", "n]", "n[]", "n[1", "n[[1]]", "n[x-y]", "n[1-,4]", "n[3-1]", "n[1-3]]", "n[1.5]"])(
  "%s is none",
  (text) => expect(hostsIn(text)).toBeNull(),
)

test("a list of more hosts than any job has is refused, and not counted out", () => {
  const before = process.memoryUsage().heapUsed
  for (const text of ["n[1-99999999]", "n[0-999999999999999]", "a[0-9999]b[0-9999]c[0-9999]", "n[0-65535],m1"])
    expect(hostsIn(text), text).toBeNull()
  expect(hostsIn("n[0-65535]")).toHaveLength(65_536)
  expect(hostsIn(`n${"[1]".repeat(100_000)}`)).toBeNull()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 2 ** 20)
})

/** What ClusterShell alone does: it joins neighbouring digits into one number, and takes no empty part. */
const otherwise: ReadonlySet<string> = new Set([
  "nova3,nova4,,nova6",
  "nova6,",
  "n[1-4]0[3-4]",
  "n6[1-4]56[3-4]",
  "prod-0[10-345]",
  "prod-02[10-345]",
  "0[7-10]",
  "0[0-10]0",
])

test.skipIf(shared === null)(`lists of other projects mean what they say${withoutShared}`, () => {
  const all = sharedLines<{ kind: string; text: string; error?: boolean; expect: string[] | null; ordered?: boolean }>(
    "cases/hostlist.jsonl",
  )
  const kinds = ["slurm_nodelist", "flux_hostlist", "clustershell_nodeset"]
  const lists = all.filter(({ kind }) => kinds.includes(kind))
  const ran = lists.filter(({ kind, text }) => kind !== "clustershell_nodeset" || !otherwise.has(text))
  for (const { text, expect: theirs, ordered } of ran) {
    const hosts = hostsIn(text)
    if (theirs === null || hosts === null || ordered === true) expect.soft(hosts, text).toEqual(theirs)
    else expect.soft([...new Set(hosts)].sort(), text).toEqual([...new Set(theirs)].sort())
  }
  expect(ran.length).toBeGreaterThan(90)
  console.info(
    `hostlist: ${ran.length} of ${lists.length} lists of hosts ran; the others are ClusterShell's own folding and strictness`,
  )
})
