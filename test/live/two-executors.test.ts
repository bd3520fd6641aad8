/** Two executors that reach one root on one host, in turns: neither fences the other. */
import { expect, test } from "vitest"
import { study } from "../support/cli.ts"

test("two executors with one root serve a state directory side by side", { timeout: 60_000 }, async () => {
  const lines = ["one", "other"].map(
    (name) => `  ${name}: {scheduler: process, transport: {command: [sh]}, root: ROOT}\n`,
  )
  await using work = await study("")
  await work.write("hawser.yaml", `executors:\n${lines.join("").replaceAll("ROOT", `${work.folder}/root`)}`)
  for (const executor of ["one", "other", "one", "other"]) {
    const { code, stdout, stderr } = await work.hawser(["run", "-e", executor, "--", "echo", executor])
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: `${executor}\n` })
  }
})
