import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { HawserError } from "../../src/errors.ts"
import { openHawser } from "../../src/control/openHawser.ts"

const jobCount = 100

test(
  `${jobCount} submissions, waits and logs at once, all with one signal, make Node warn of nothing`,
  { timeout: 30_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "hawser-many-"))
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on("warning", onWarning)
    const configFile = join(folder, "hawser.yaml")
    writeFileSync(configFile, `executors:\n  local: {cores: 1, root: ${folder}/root}\n`)
    try {
      await using hawser = await openHawser({ configFile, stateDirectory: join(folder, "state") })
      const stop = new AbortController()
      const { signal } = stop
      const first = await hawser.submit({ command: ["sleep", "60"] }, { signal })
      // All others wait for its core: their payloads would tell no more.
      const others = await Promise.all(
        Array.from({ length: jobCount }, (_, index) =>
          hawser.submit({ command: ["true"] }, { key: `k/${index}`, signal }),
        ),
      )
      const ends = [first, ...others].map((job) => job.result(signal))
      await Promise.all([...others.map((job) => job.accepted(signal)), ...others.map(() => first.logs({ signal }))])
      await hawser.cancel([first, ...others].map(({ id }) => id))
      expect(new Set((await Promise.all(ends)).map(({ state }) => state))).toEqual(new Set(["cancelled"]))

      const last = await hawser.submit({ command: ["sleep", "60"] }, { signal })
      const given = others.map(() => last.result(signal))
      stop.abort(new HawserError("ABORTED", { summary: "Enough.", class: "transient" }))
      const settled = await Promise.allSettled(given)
      expect(new Set(settled.map(({ status }) => status))).toEqual(new Set(["rejected"]))
      await hawser.cancel([last.id])
      await last.result()
    } finally {
      process.off("warning", onWarning)
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    }
    expect(warnings).toEqual([])
  },
)
