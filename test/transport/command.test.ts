import { expect, test, vi } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { commandTransport } from "../../src/transport/command.ts"
import { openSession } from "../../src/transport/session.ts"
import { failure, raw, transportContract } from "./contract.ts"

// As a wrapper of ssh or docker does it: something else stands between us and the shell.
transportContract("a command that gives sh", () => commandTransport(["env", "sh"], systemClock), { concurrent: true })

const open = (argv: readonly [string, ...string[]]): ReturnType<typeof openSession> =>
  openSession(commandTransport(argv, systemClock), { clock: systemClock, prelude: "", connectTimeoutMs: 10_000 })

test("the command gets our environment, which names its daemons and agents, but not our own variables", async () => {
  vi.stubEnv("DOCKER_HOST", "unix:///run/box.sock")
  vi.stubEnv("HAWSER_STATE", "/somewhere")
  await using session = await open(["sh"])
  const { stdout } = await session.ask(raw(["env"]))
  expect(stdout).toContain("DOCKER_HOST=unix:///run/box.sock\n")
  expect(stdout).not.toContain("HAWSER_")
})

test("a command that ends at once is told in its own words", async () => {
  const error = await failure(open(["sh", "-c", "echo 'Error: No such container: box' >&2; exit 1"]))
  expect(error).toMatchObject({ code: "SHELL_ENDED", reason: "Error: No such container: box", class: "transient" })
})

test("a command that is not there is told, with where it was looked for", async () => {
  const error = await failure(open(["hawser-has-no-such-program", "exec"]))
  expect(error).toMatchObject({ code: "SPAWN_FAILED", advice: expect.stringContaining("PATH") })
})
