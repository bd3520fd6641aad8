import { expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { localTransport } from "../../src/transport/local.ts"
import { openSession } from "../../src/transport/session.ts"
import type { Connection, Transport } from "../../src/transport/transport.ts"
import { hurriedClock } from "../support/hurried-clock.ts"
import { failure, raw } from "./contract.ts"

/** A host whose login files do this before a shell reads our commands. */
function withProfile(profile: string, clock = systemClock): Transport {
  return localTransport(clock, ["sh", "-c", `${profile}\nexec sh`])
}

const profiles: Readonly<Record<string, string>> = {
  "greets on both streams": "echo Welcome to the cluster; echo 'quota: 97%' >&2; printf 'no newline'",
  "quotes what it read": 'read -r line; echo "you said: $line"',
  "reads a line": "read -r line",
  "reads a few bytes of a line": "dd bs=1 count=9 2>/dev/null",
  "reads whatever is there": "head -c 64 >/dev/null",
  "takes its time": "sleep 0.5",
  "says a lot": 'i=0; while [ $i -lt 5000 ]; do echo "$i hz-ready hz-"; i=$((i+1)); done',
  "sets options": "set -a; set -C; umask 000; cd /; export LC_ALL=de_DE.UTF-8 IFS=x HISTFILE=/tmp/h",
  "leaves a process that goes on talking": "(sleep 0.2; echo late; echo late >&2; sleep 0.2; echo later) &",
}

test.concurrent.for(Object.entries(profiles))("a session works when the profile %s", async ([, profile]) => {
  const clock = hurriedClock(10)
  await using session = await openSession(withProfile(profile, clock), {
    clock,
    prelude: "",
  })
  for (let n = 0; n < 4; n += 1) {
    expect(await session.ask(raw(["sh", "-c", "sleep 0.1; echo answer; echo error >&2"]))).toMatchObject({
      exitCode: 0,
      stdout: "answer\n",
    })
  }
  expect((await session.ask(raw(["umask"]))).stdout).toMatch(/^0?077\n$/)
  expect((await session.ask(raw(["printenv", "LC_ALL"]))).stdout).toBe("C\n")
})

test("a profile that never lets a shell answer is an error that quotes it", async () => {
  const clock = hurriedClock(20)
  const opened = openSession(withProfile("echo 'enter your project:' >&2; cat >/dev/null", clock), {
    clock,
    prelude: "",
    connectTimeoutMs: 6_000,
  })
  expect(await failure(opened)).toMatchObject({
    code: "SHELL_SILENT",
    class: "transient",
    reason: "enter your project:",
  })
})

test("where the login files end the shell, a plain one is used; its twin shows that it would be a failure", async () => {
  const login = withProfile("echo 'no project' >&2; exit 4")
  const plain = withProfile("")
  const asked: boolean[] = []
  const both: Transport = {
    address: "both",
    async connect() {
      const [one, other] = [await login.connect(), await plain.connect()]
      return {
        closed: other.closed,
        channel: async (signal, options) => {
          asked.push(options?.login ?? true)
          return (options?.login === false ? other : one).channel(signal)
        },
        async [Symbol.asyncDispose]() {
          await one[Symbol.asyncDispose]()
          await other[Symbol.asyncDispose]()
        },
      } satisfies Connection
    },
  }
  await using session = await openSession(both, { clock: systemClock, prelude: "" })
  expect((await session.ask(raw(["echo", "x"]))).stdout).toBe("x\n")
  expect(asked.slice(0, 1)).toEqual([true])
  expect(asked).toContain(false)
  expect(await failure(openSession(login, { clock: systemClock, prelude: "" }))).toMatchObject({
    code: "SHELL_ENDED",
    reason: "no project",
  })
})

test("a prelude that is no shell text is told with the shell's own words", async () => {
  const opened = await openSession(localTransport(systemClock, ["dash"]), {
    clock: systemClock,
    prelude: "hz_x() { ) }",
  })
  await using session = opened
  expect(await failure(session.ask(raw(["true"])))).toMatchObject({
    class: "transient",
    reason: expect.stringContaining("yntax error"),
  })
})
