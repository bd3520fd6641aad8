import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { Home, startWrapper } from "../support/remote.ts"
import { shells } from "../support/shells.ts"

const token = "hzoutputs000001"

describe.concurrent.each(shells)("the list of outputs, under $name", (shell) => {
  async function listOf(payload: string, patterns: readonly string[]): Promise<Record<string, number>> {
    using home = new Home()
    home.job(token, payload, patterns)
    expect((await startWrapper(shell, home, token).end).code).toBe(0)
    const [exit] = home.records(shell, token).exits
    const outputs = exit?.outputs ?? []
    expect(new Set(outputs.map(({ path }) => path)).size).toBe(outputs.length)
    return Object.fromEntries(outputs.map(({ path, size }) => [path, size]))
  }

  test("sizes are those of whole files; links, folders and empty files have none", async () => {
    const payload =
      "echo one >a; : >b; mkdir c; echo three >c/d; ln -s a e; ln -s nothing f; head -c 123456 /dev/zero >g"
    expect(await listOf(payload, ["*", "c/*"])).toEqual({ a: 4, b: 0, c: 0, "c/d": 6, e: 0, f: 0, g: 123_456 })
  })

  test("without patterns, or without matches, there are none", async () => {
    expect(await listOf("echo one >a", [])).toEqual({})
    expect(await listOf("echo one >a", ["*.out"])).toEqual({})
    expect(await listOf("echo one >a", ["a"])).toEqual({ a: 4 })
  })

  test("names survive with blanks, line breaks, quotes, percent signs and other letters", async () => {
    const names = [
      "a b",
      " c ",
      "d\ne",
      "f'g\"",
      "50%",
      "é ü",
      "-n",
      "end",
      "h -> i",
      "./".slice(2) + "j\\k",
      "[x]",
      "~",
      "\u0001\t",
    ]
    const payload = names.map((name) => `echo ${name.length} >'${name.replaceAll("'", "'\\''")}'`).join("\n")
    expect(await listOf(payload, ["*"])).toEqual(
      Object.fromEntries(names.map((name) => [name, `${name.length}\n`.length])),
    )
  })

  test("a byte that is no UTF-8 hides no other name", async () => {
    expect(await listOf("echo x >\"$(printf 'a\\377')\"; echo xy >b", ["*"])).toEqual({ "a\uFFFD": 2, b: 3 })
  })

  test("a thousand outputs are all there", { timeout: 30_000 }, async () => {
    const payload = "i=0; while [ $i -lt 1000 ]; do echo $i >out.$i; i=$((i + 1)); done"
    const outputs = await listOf(payload, ["out.*"])
    expect(Object.keys(outputs)).toHaveLength(1000)
    expect([outputs["out.7"], outputs["out.999"]]).toEqual([2, 4])
  })

  test("what ls is told by the environment changes no size", () => {
    expect(readFileSync("src/remote/outputs.sh", "utf8")).toMatch(/unset .*BLOCK_SIZE/)
  })
})
