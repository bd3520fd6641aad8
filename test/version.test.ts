import { readFileSync } from "node:fs"
import { version } from "hawser"
import { expect, test } from "vitest"

test("the version that the package tells is the one it is published under", () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  expect(manifest).toMatchObject({ version })
})
