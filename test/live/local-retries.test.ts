/** A local job that needs more time than it has: three attempts, each with more, and each goes on where the last one was. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { study } from "../support/cli.ts"

/** 32 steps of a quarter of a second: eight seconds, of which the attempts have two, four and eight. */
const payload = `
trap 'echo "warned $HAWSER_ATTEMPT" >>trace' USR1
n=$(cat step 2>/dev/null || echo 0)
echo "attempt $HAWSER_ATTEMPT from $n" >>trace
while [ "$n" -lt 32 ]; do
  sleep 0.25
  n=$((n + 1))
  echo "$n" >step.new && mv step.new step
done
`

test("out of walltime: the next attempts get more, and the payload continues from its checkpoint", async () => {
  await using work = await study("executors:\n  local: {cores: 2}\n")
  const job = {
    key: "long",
    script: `#!/bin/sh${payload}`,
    outputs: ["trace", "step"],
    resources: { walltime: "2s" },
    signal: { name: "USR1", before: "1s" },
    retry: {
      maxAttempts: 3,
      on: ["timeout"],
      backoff: "1s",
      escalate: { walltime: 2 },
      checkpoint: ["step", "trace"],
    },
  }
  await writeFile(join(work.folder, "jobs.jsonl"), `${JSON.stringify(job)}\n`)
  expect((await work.hawser(["batch", "jobs.jsonl"])).code).toBe(0)
  expect((await work.hawser(["wait", "long", "--timeout", "100s"])).code).toBe(0)
  const [end] = await work.jobs()
  expect(end?.attempts).toMatchObject([
    { number: 1, cause: "timeout", resources: { walltime: 2 } },
    { number: 2, cause: "timeout", resources: { walltime: 4 } },
    { number: 3, cause: null, state: "completed", resources: { walltime: 8 } },
  ])
  const read = (name: string): Promise<string> => readFile(join(end?.directory ?? "", name), "utf8")
  expect(await read("step")).toBe("32\n")
  const trace = (await read("trace")).trim().split("\n")
  const from = trace.flatMap((line) => / from (\d+)$/.exec(line)?.[1] ?? []).map(Number)
  expect(from[0]).toBe(0)
  expect(from[1]).toBeGreaterThan(0)
  expect(from[2]).toBeGreaterThan(from[1] ?? 0)
  expect(trace).toEqual(expect.arrayContaining(["warned 1", "warned 2"]))
  const times =
    end?.attempts.map(({ started, ended }) => [Date.parse(String(started)), Date.parse(String(ended))]) ?? []
  for (const [index, [, ended]] of times.slice(0, 2).entries()) {
    expect(times[index + 1]?.[0]).toBeGreaterThanOrEqual(Number(ended) + 1_000)
  }
})
