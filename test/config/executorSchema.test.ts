/** docs/config.md tells every field of a config, and its example is right. */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { readConfig } from "../../src/config/executorSchema.ts"
import { parseConfig } from "../../src/config/index.ts"
import { designNames } from "./names.ts"

const page = readFileSync(new URL("../../docs/config.md", import.meta.url), "utf8")

/** The fields that exist there, from the answer to one that does not. */
function fieldsOf(config: unknown): string[] {
  const reading = readConfig(config)
  const want = reading.ok ? "" : (reading.problems[0]?.want ?? "")
  return want.replace(/^Known: |\.$/g, "").split(", ")
}

test.each([
  ["the config", { zzzzzzzz: 1 }, 2],
  ["an executor", { executors: { a: { zzzzzzzz: 1 } } }, 20],
  ["an instance", { executors: { a: { instance: { zzzzzzzz: 1 } } } }, 7],
  ["limits", { executors: { a: { limits: { zzzzzzzz: 1 } } } }, 4],
])("every field of %s has its row", (_title, config, count) => {
  const fields = fieldsOf(config)
  expect(fields).toHaveLength(count)
  for (const field of fields) expect(page).toContain(`\n| \`${field}\` | `)
})

test("the example at its head is taken", () => {
  const yaml = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? ""
  const config = parseConfig(yaml, { file: "/p/hawser.yaml", home: "/h", names: designNames })
  expect(Object.keys(config.executors).sort()).toEqual(["box", "hpc", "local"])
  expect(config.default).toBe("hpc")
})
