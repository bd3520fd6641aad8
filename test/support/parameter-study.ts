/** The main job's study: many jobs with small and large inputs, three outputs each, and a trace of every payload run. */
import { createHash, randomBytes } from "node:crypto"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Study } from "./cli.ts"

const payload = `#!/bin/sh
printf '%s\\n' "$HAWSER_KEY $HAWSER_TOKEN" >> "$TRACE"
sleep "$WORK"
cat in0 in1 in2 in3 in4 big | sha256sum > sum.txt
cat in0 > copy.dat
mkdir sub
printf '%s' "$HAWSER_KEY" > sub/key.txt
`

export interface Written {
  readonly keys: readonly string[]
  readonly sums: ReadonlyMap<string, string>
}

/** Writes inputs and `study.jsonl`. `trace`: where payloads leave a line each, on the host where they run. */
export async function writeStudy(study: Study, count: number, trace: string): Promise<Written> {
  const data = join(study.folder, "data")
  await mkdir(data)
  const big = randomBytes(1024 * 1024)
  await writeFile(join(data, "big"), big)
  const sums = new Map<string, string>()
  const lines: string[] = []
  for (let index = 0; index < count; index += 1) {
    const key = `point/${index}`
    const small = Array.from({ length: 5 }, () => randomBytes(1024))
    await Promise.all(small.map((bytes, part) => writeFile(join(data, `${index}.${part}`), bytes)))
    sums.set(key, createHash("sha256").update(Buffer.concat([...small, big])).digest("hex"))
    const inputs = [...small.map((_, part) => ({ from: `data/${index}.${part}`, to: `in${part}` })), "data/big"]
    const env = { TRACE: trace, WORK: String((index % 4) / 2) }
    const resources = { tasks: 1, memory: "100M", walltime: "5m" }
    lines.push(JSON.stringify({ key, script: payload, inputs, outputs: ["sum.txt", "*.dat", "sub/**"], into: `results/${index}`, env, resources }))
  }
  await study.write("study.jsonl", `${lines.join("\n")}\n`)
  return { keys: [...sums.keys()], sums }
}

/** What is wrong with the results that came back; empty when all is right. */
export async function wrongResults(study: Study, written: Written): Promise<string[]> {
  const wrong: string[] = []
  for (const [index, key] of written.keys.entries()) {
    const folder = join(study.folder, `results/${index}`)
    const read = async (name: string): Promise<string> => await readFile(join(folder, name), "latin1").catch(() => "missing")
    const input = await readFile(join(study.folder, `data/${index}.0`), "latin1")
    if ((await read("sum.txt")).split(" ")[0] !== written.sums.get(key)) wrong.push(`${key}: sum.txt`)
    if ((await read("copy.dat")) !== input) wrong.push(`${key}: copy.dat`)
    if ((await read("sub/key.txt")) !== key) wrong.push(`${key}: sub/key.txt`)
  }
  return wrong
}
