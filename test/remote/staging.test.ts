import { spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import type { JobSpec } from "../../src/job/index.ts"
import { type StageJob, packJobs } from "../../src/remote/pack.ts"
import { launchPrograms, payloadProgram, program } from "../../src/remote/programs.ts"
import { prelude, wrapperName, wrapperText } from "../../src/remote/prelude.ts"
import { jobFiles } from "../../src/remote/script.ts"
import { collectJobs, stageJobs, sweepStages } from "../../src/remote/staging.ts"
import { type CollectRequest, isWhole } from "../../src/remote/unpack.ts"
import { remove } from "../../src/remote/verbs.ts"
import { localTransport } from "../../src/transport/local.ts"
import { openSession } from "../../src/transport/session.ts"
import { partsOf, specOf } from "../support/jobs.ts"
import { shellSession, shells, tars, tarsFor } from "../support/staging-shells.ts"
import { pictureOf, plantZoo } from "../support/zoo.ts"

let folder: string
let home: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-staging-"))
  home = join(folder, "the home")
  for (const name of ["bin", "events", "jobs"]) mkdirSync(join(home, name), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const token = "hzabcdefghijklm"
const place = () => ({ home, owner: 3 })
const jobFolder = (name = token) => join(home, "jobs", name)

function jobOf(changes: Partial<JobSpec> = {}, name = token): StageJob {
  const spec = specOf(changes)
  return { token: name, files: jobFiles(partsOf(home, name, spec)), inputs: spec.inputs }
}

function wanted(changes: Partial<CollectRequest> = {}): CollectRequest {
  return { token, directory: join(folder, "back"), outputs: [], expected: null, ...changes }
}

function staged(status: string, name = token) {
  return { token: name, status, reason: null }
}

/** What stands below the home, but for what is always there. */
const leftOvers = () => readdirSync(home).filter((name) => name.startsWith("stage."))

describe.each(shells)("under $name", (shell) => {
  describe.each(tarsFor(shell))("with $name", (tar) => {
    const session = shellSession({ shell, tar })

    test("every kind of name, mode and link goes there and comes back", async () => {
      plantZoo(join(folder, "zoo"))
      const job = jobOf({ inputs: [{ from: join(folder, "zoo"), to: "in/zoo" }], outputs: ["in"] })
      expect(await stageJobs(session, place(), [job], { nonce: "n1" })).toEqual([staged("staged")])
      expect(pictureOf(join(jobFolder(), "work/in/zoo"))).toEqual(pictureOf(join(folder, "zoo")))
      expect(leftOvers()).toEqual([])
      const [reply] = await collectJobs(session, place(), [wanted({ outputs: ["in"] })])
      expect(reply).toMatchObject({
        present: true,
        missing: [],
        unsteady: false,
        refused: [],
        notes: [],
        failure: null,
      })
      expect(pictureOf(join(folder, "back/in/zoo"))).toEqual(pictureOf(join(folder, "zoo")))
      expect(readdirSync(join(folder, "back"))).toEqual(["in"])
    })

    test("a stream that was cut stages nothing, wherever it was cut, and the next one does", async () => {
      writeFileSync(join(folder, "in"), "x".repeat(700))
      const jobs = [jobOf({ inputs: [{ from: join(folder, "in"), to: "in" }] }), jobOf({}, "hzsecond0000000")]
      const size = await sizeOf(packJobs(jobs, { nonce: "n0", programs: [payloadProgram()], now: 0 }))
      const cuts = [0, 1, 511, 513, ...Array.from({ length: size / 512 - 2 }, (_, index) => index * 512)]
      // The end marker is the last member: from behind it on, everything is there.
      for (const sendBytesMax of sample(
        cuts.filter((cut) => cut < size - 1536),
        25,
      )) {
        const cut = shellSession({ shell, tar, sendBytesMax })
        const nonce = `cut${sendBytesMax}`
        await expect(stageJobs(cut, place(), jobs, { nonce }), nonce).rejects.toMatchObject({ class: "transient" })
        expect(readdirSync(join(home, "jobs")), nonce).toEqual([])
        expect(leftOvers()).toEqual([])
      }
      const replies = await stageJobs(session, place(), jobs, { nonce: "whole" })
      expect(replies.map(({ status }) => status)).toEqual(["staged", "staged"])
    })

    test("of two streams with the same job at once one stages it and the other finds it", async () => {
      plantZoo(join(folder, "zoo"))
      const job = jobOf({ inputs: [{ from: join(folder, "zoo"), to: "zoo" }] })
      for (let round = 0; round < 2; round += 1) {
        const nonces = ["a", "b", "c"].map((letter) => `${letter}${round}`)
        const replies = await Promise.all(nonces.map((nonce) => stageJobs(session, place(), [job], { nonce })))
        expect(replies.map(([reply]) => reply?.status).sort()).toEqual(["exists", "exists", "staged"])
        expect(pictureOf(join(jobFolder(), "work/zoo"))).toEqual(pictureOf(join(folder, "zoo")))
        expect(readdirSync(jobFolder()).sort()).toEqual(["job.sh", "patterns.sh", "payload.sh", "token", "work"])
        rmSync(jobFolder(), { recursive: true })
      }
    })

    test("a stream of results that is cut is an error, and no file is half", async () => {
      await stageJobs(session, place(), [jobOf({ outputs: ["*"] })], { nonce: "n1" })
      const contents = { "work/a": "a".repeat(3000), "work/b": "b".repeat(3000), stdout: "out" }
      for (const [name, text] of Object.entries(contents)) writeFileSync(join(jobFolder(), name), text)
      for (const receiveBytesMax of [0, 1, 512, 1000, 1024, 1536, 3000, 5632, 6000, 9999, 10_240, 10_752]) {
        const cut = shellSession({ shell, tar, receiveBytesMax })
        await expect(collectJobs(cut, place(), [wanted({ outputs: ["*"] })])).rejects.toMatchObject({
          code: "COLLECT_CUT",
        })
        const back = existsSync(join(folder, "back")) ? readdirSync(join(folder, "back")) : []
        for (const name of back) {
          const text = readFileSync(join(folder, "back", name), "utf8")
          expect(text).toBe(name === "stdout" ? contents.stdout : contents[`work/${name}` as keyof typeof contents])
        }
      }
      const [reply] = await collectJobs(session, place(), [wanted({ outputs: ["*"] })])
      expect(reply?.files).toEqual(["stdout", "a", "b"])
    })

    test("an output that tar can't read makes the reply unsteady, and no other job's", async () => {
      const other = "hzother00000000"
      await stageJobs(session, place(), [jobOf({ outputs: ["*"] }), jobOf({ outputs: ["*"] }, other)], { nonce: "n1" })
      writeFileSync(join(jobFolder(other), "work/fine"), "fine")
      // The patterns name what is no longer there when tar looks.
      writeFileSync(join(jobFolder(), "patterns.sh"), "hz_each vanished; set --")
      const requests = [wanted({ expected: [{ path: "vanished", size: 3 }] }), wanted({ token: other })]
      const replies = await collectJobs(session, place(), requests)
      expect(replies).toMatchObject([
        { token, present: true, unsteady: true, missing: ["vanished"] },
        { token: other, present: true, unsteady: false, files: ["fine"] },
      ])
    })
  })

  const session = shellSession({ shell })

  /** Stages, runs as a scheduler would, and brings back what the wrapper has listed. */
  async function attempt(changes: Partial<JobSpec>, secrets: Record<string, string> = {}) {
    const spec = specOf(changes)
    const wrapper = { name: wrapperName(), mode: 0o700, text: wrapperText() }
    const parts = partsOf(home, token, spec, {
      wrapper: wrapper.name,
      secrets,
      jobVariables: { nativeId: "JOB_ID", restarts: null },
    })
    const job = { token, files: jobFiles(parts), inputs: spec.inputs }
    await stageJobs(session, place(), [job], { nonce: "n1", programs: [wrapper] })
    const [program, ...flags] = shell.argv
    const { status } = spawnSync(program!, [...flags, join(jobFolder(), "job.sh")], {
      env: { PATH: process.env["PATH"], JOB_ID: "4711" },
      cwd: "/",
    })
    const record = readFileSync(join(jobFolder(), "exit.0"), "utf8")
    const expected = [...record.matchAll(/^output (\d+) (.+)$/gm)].map(([, size, path]) => ({
      path: path!,
      size: Number(size),
    }))
    const [reply] = await collectJobs(session, place(), [wanted({ outputs: spec.outputs, expected })])
    return { status, record, expected, reply: reply! }
  }

  test("a job runs under the wrapper, and what it lists is what comes back", async () => {
    writeFileSync(join(folder, "in"), "given")
    const { status, record, expected, reply } = await attempt(
      {
        command: ["sh", "-c", 'cat; echo "$SECRET" >&2; mkdir -p d/e; echo out >"d/a b"; : >d/.h; exit 3'],
        inputs: [{ from: join(folder, "in"), to: "in" }],
        stdin: "in",
        env: { SECRET: { fromEnv: "S" } },
        outputs: ["d", "nothing*"],
        epilogue: "echo after >d/after; ls .. >d/ls",
      },
      { S: "it's secret" },
    )
    expect({ status, expected: expected.length }).toEqual({ status: 3, expected: 6 })
    expect(record).toMatch(/^native 4711\ncode 3\n/m)
    expect(isWhole(reply)).toBe(true)
    expect(reply.files).toEqual(["stdout", "stderr", "d/a b", "d/after", "d/ls", "d/.h"])
    expect(reply.notes).toEqual(["no output matches nothing*"])
    expect(readFileSync(join(folder, "back/stdout"), "utf8")).toBe("given")
    expect(readFileSync(join(folder, "back/stderr"), "utf8")).toBe("it's secret\n")
    expect(readFileSync(join(folder, "back/d/ls"), "utf8")).not.toContain("secrets")
  })

  test.each([null, "echo after"])("a death by a signal is in the wrapper's record, epilogue %j", async (epilogue) => {
    const { record } = await attempt({ command: ["sh", "-c", "kill -s KILL $$"], epilogue })
    expect(record).toMatch(/^code 137\nsignal KILL\n/m)
  })

  test("over a real session everything goes there and comes back, beside other commands", async () => {
    const transport = localTransport(systemClock, shell.argv as [string, ...string[]])
    await using real = await openSession(transport, { clock: systemClock, prelude: prelude() })
    plantZoo(join(folder, "zoo"))
    writeFileSync(join(folder, "zoo/big"), Buffer.alloc(3_000_000, 7))
    const job = jobOf({ inputs: [{ from: join(folder, "zoo"), to: "zoo" }], outputs: ["zoo"] })
    expect(await stageJobs(real, place(), [job], { nonce: "n1" })).toEqual([staged("staged")])
    const [[reply]] = await Promise.all([
      collectJobs(real, place(), [wanted({ outputs: ["zoo"] })]),
      real.act(sweepStages(place())),
    ])
    expect(isWhole(reply!)).toBe(true)
    expect(pictureOf(join(folder, "back/zoo"))).toEqual(pictureOf(join(folder, "zoo")))
    const path = join(folder, "gone")
    const other = jobOf({ inputs: [{ from: path, to: "x" }] }, "hzother00000000")
    await expect(stageJobs(real, place(), [other], { nonce: "n2" })).rejects.toMatchObject({
      code: "INPUT_UNREADABLE",
      path,
    })
  })

  test("a job with another spec under the same token is a conflict, and is left as it is", async () => {
    await stageJobs(session, place(), [jobOf()], { nonce: "n1" })
    const before = readFileSync(join(jobFolder(), "token"), "utf8")
    const replies = await stageJobs(session, place(), [jobOf({ command: ["false"] })], { nonce: "n2" })
    expect(replies).toEqual([staged("conflict")])
    expect(readFileSync(join(jobFolder(), "token"), "utf8")).toBe(before)
  })

  test("what was removed is not made again, and the others of its stream are", async () => {
    const other = "hzother00000000"
    await stageJobs(session, place(), [jobOf()], { nonce: "n1" })
    await session.act(remove(place(), [token]))
    const replies = await stageJobs(session, place(), [jobOf(), jobOf({}, other)], { nonce: "n2" })
    expect(replies).toEqual([staged("removed"), staged("staged", other)])
    expect(await stageJobs(session, place(), [jobOf()], { nonce: "n3" })).toEqual([staged("removed")])
    expect(readdirSync(join(home, "jobs"))).toEqual([other])
    expect(leftOvers()).toEqual([])
  })

  test("nothing is staged where it can't be read what was removed", async () => {
    mkdirSync(join(home, "removed"))
    await expect(stageJobs(session, place(), [jobOf()], { nonce: "n1" })).rejects.toThrow(/removed/)
    expect(readdirSync(join(home, "jobs"))).toEqual([])
  })

  test("a folder in the way that is no job directory is a failure of that job alone", async () => {
    mkdirSync(join(jobFolder(), "something"), { recursive: true })
    const other = "hzother00000000"
    const replies = await stageJobs(session, place(), [jobOf(), jobOf({}, other)], { nonce: "n1" })
    expect(replies).toMatchObject([{ token, status: "failed" }, staged("staged", other)])
    expect(replies[0]?.reason).toContain(token)
    expect(readdirSync(jobFolder())).toEqual(["something"])
  })

  test("who was superseded stages nothing, before the stream and after it", async () => {
    symlinkSync("x", join(home, "owner.4"))
    await expect(stageJobs(session, place(), [jobOf()], { nonce: "n1" })).rejects.toMatchObject({
      code: "OWNER_SUPERSEDED",
    })
    expect(existsSync(jobFolder())).toBe(false)
    renameSync(join(home, "owner.4"), join(home, "owner.3"))
    expect(await stageJobs(session, place(), [jobOf()], { nonce: "n2" })).toEqual([staged("staged")])
  })

  test("who is superseded while the stream runs stages nothing", async () => {
    const tools = join(folder, "tools")
    mkdirSync(tools)
    const tar = spawnSync("sh", ["-c", "command -v tar"], { encoding: "utf8" }).stdout.trim()
    writeFileSync(join(tools, "tar"), `#!/bin/sh\nln -s x ../owner.4\nexec ${tar} "$@"\n`, { mode: 0o755 })
    const slow = shellSession({ shell, tar: { name: "a slow tar", folder: tools } })
    await expect(stageJobs(slow, place(), [jobOf()], { nonce: "n1" })).rejects.toMatchObject({
      code: "OWNER_SUPERSEDED",
    })
    expect(readdirSync(home)).toContain("owner.4")
    expect(readdirSync(join(home, "jobs"))).toEqual([])
    expect(leftOvers()).toEqual([])
  })

  test("the user's own options for tar bend nothing", async () => {
    const bent = shellSession({ shell, env: { TAR_OPTIONS: "--exclude=*", POSIXLY_CORRECT: "1" } })
    await stageJobs(bent, place(), [jobOf({ outputs: ["*"] })], { nonce: "n1" })
    writeFileSync(join(jobFolder(), "work/a"), "a")
    expect(await collectJobs(bent, place(), [wanted({ outputs: ["*"] })])).toMatchObject([{ files: ["a"] }])
  })

  test("a home that is not there, as of a file system that is not mounted, is never made", async () => {
    rmSync(home, { recursive: true })
    await expect(stageJobs(session, place(), [jobOf()], { nonce: "n1" })).rejects.toMatchObject({
      code: "HOME_MISSING",
    })
    await expect(collectJobs(session, place(), [wanted()])).rejects.toMatchObject({ class: "transient" })
    expect(existsSync(home)).toBe(false)
  })

  test("programs are installed once, and what a crash has emptied is replaced", async () => {
    const wrapper = program("wrapper", "echo wrapper\n")
    const path = join(home, "bin", wrapper.name)
    const options = { programs: [wrapper] }
    await stageJobs(session, place(), [jobOf()], { nonce: "n1", ...options })
    expect(readdirSync(join(home, "bin")).sort()).toEqual([payloadProgram().name, wrapper.name])
    expect(statSync(path).mode & 0o777).toBe(0o700)
    const { ino } = statSync(path)
    await stageJobs(session, place(), [jobOf()], { nonce: "n2", ...options })
    expect(statSync(path).ino).toBe(ino)
    writeFileSync(path, "")
    await stageJobs(session, place(), [jobOf()], { nonce: "n3", ...options })
    expect(readFileSync(path, "utf8")).toBe(wrapper.text)
  })

  test("what a launcher needs travels with the first job that one starts", async () => {
    const { mpi, rank, sweep } = launchPrograms()
    const file = { name: "rank.sh", mode: 0o700, text: "" }
    await stageJobs(
      session,
      place(),
      [jobOf(), { ...jobOf(), token: "hzstagelaunch01", files: [...jobOf().files, file] }],
      {
        nonce: "n1",
      },
    )
    const names = [payloadProgram(), mpi, rank, sweep].map(({ name }) => name)
    expect(readdirSync(join(home, "bin")).sort()).toEqual(names.sort())
  })

  test("left-overs of dead streams are swept, but nobody else's streams", async () => {
    for (const name of ["stage.2.old", "stage.3.dead", "stage.3.alive", "stage.4.newer", "stages"]) {
      mkdirSync(join(home, name, "hzx/work/locked"), { recursive: true })
      chmodSync(join(home, name, "hzx/work/locked"), 0o500)
    }
    symlinkSync(folder, join(home, "stage.1.link"))
    expect(await session.act(sweepStages(place(), ["alive"]))).toEqual(["stage.2.old", "stage.3.dead"])
    expect(
      readdirSync(home)
        .filter((name) => name.startsWith("stage"))
        .sort(),
    ).toEqual(["stage.1.link", "stage.3.alive", "stage.4.newer", "stages"])
    symlinkSync("x", join(home, "owner.4"))
    await expect(session.act(sweepStages(place()))).rejects.toMatchObject({ code: "OWNER_SUPERSEDED" })
  })

  test("a nonce that is used at the same time is refused", async () => {
    mkdirSync(join(home, "stage.3.n1"))
    await expect(stageJobs(session, place(), [jobOf()], { nonce: "n1" })).rejects.toMatchObject({
      code: "REMOTE_FAILED",
    })
    await expect(stageJobs(session, place(), [jobOf()], { nonce: "../x" })).rejects.toMatchObject({
      code: "REMOTE_REFUSED",
    })
    expect(readdirSync(join(home, "stage.3.n1"))).toEqual([])
  })

  test("an input that is not there when it is sent is an error that names job and file, and nothing is staged", async () => {
    const path = join(folder, "gone")
    const job = jobOf({ inputs: [{ from: path, to: "x" }] })
    await expect(
      stageJobs(session, place(), [jobOf({}, "hzother00000000"), job], { nonce: "n1" }),
    ).rejects.toMatchObject({
      code: "INPUT_UNREADABLE",
      token,
      path,
    })
    expect(existsSync(jobFolder())).toBe(false)
  })

  test("a job directory that is gone is said to be, and the others come back", async () => {
    await stageJobs(session, place(), [jobOf()], { nonce: "n1" })
    const replies = await collectJobs(session, place(), [wanted(), wanted({ token: "hzgone000000000" })])
    expect(replies).toMatchObject([{ present: true }, { present: false, files: [] }])
  })

  test("secrets and our own records never come back", async () => {
    const spec = specOf({ env: { A: { fromEnv: "S" } }, outputs: ["**", "*"] })
    const files = jobFiles(partsOf(home, token, spec, { secrets: { S: "secret" } }))
    await stageJobs(session, place(), [{ token, files, inputs: [] }], { nonce: "n1" })
    writeFileSync(join(jobFolder(), "scheduler.log"), "log")
    const [reply] = await collectJobs(session, place(), [wanted({ outputs: ["**"] })])
    expect(reply?.files).toEqual(["scheduler.log"])
    expect(reply?.notes).toEqual(["no output matches **"])
  })

  test("a full disk on the other side is a limit and leaves nothing behind", async () => {
    if (process.getuid?.() !== 0) return
    const options = { stdio: "ignore" } as const
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", home], options).status !== 0) return
    try {
      for (const name of ["bin", "jobs"]) mkdirSync(join(home, name))
      writeFileSync(join(folder, "big"), Buffer.alloc(200_000))
      const job = jobOf({ inputs: [{ from: join(folder, "big"), to: "big" }] })
      await expect(stageJobs(session, place(), [job], { nonce: "n1" })).rejects.toMatchObject({ class: "limit" })
      expect(leftOvers()).toEqual([])
      expect(readdirSync(join(home, "jobs"))).toEqual([])
    } finally {
      spawnSync("umount", [home], options)
    }
  })
})

describe.each(tars)("with $name", (tar) => {
  const session = shellSession({ tar })

  test("thirty jobs travel as one, and those that are there are kept", async () => {
    const tokens = Array.from({ length: 30 }, (_, index) => `hz${String(index).padStart(13, "0")}`)
    await stageJobs(session, place(), [jobOf({}, tokens[7])], { nonce: "n0" })
    writeFileSync(join(jobFolder(tokens[7]), "guard.0"), "")
    const replies = await stageJobs(
      session,
      place(),
      tokens.map((name) => jobOf({}, name)),
      { nonce: "n1" },
    )
    expect(replies).toEqual(tokens.map((name, index) => staged(index === 7 ? "exists" : "staged", name)))
    expect(existsSync(join(jobFolder(tokens[7]), "guard.0"))).toBe(true)
    for (const name of tokens) writeFileSync(join(jobFolder(name), "stdout"), name)
    const requests = tokens.map((name) => wanted({ token: name, directory: join(folder, "back", name) }))
    const results = await collectJobs(session, place(), requests)
    expect(results.every(({ present, files }) => present && files.join() === "stdout")).toBe(true)
    expect(tokens.every((name) => readFileSync(join(folder, "back", name, "stdout"), "utf8") === name)).toBe(true)
  })

  test("more outputs than a command line holds come back", async () => {
    await stageJobs(session, place(), [jobOf({ outputs: ["*"] })], { nonce: "n1" })
    for (let index = 0; index < 220; index += 1) {
      writeFileSync(join(jobFolder(), "work", `${String(index).padStart(4, "0")}-${"long ".repeat(40)}`), String(index))
    }
    const [reply] = await collectJobs(session, place(), [wanted({ outputs: ["*"] })])
    expect(reply?.files).toHaveLength(220)
  })
})

async function sizeOf(stream: Readable): Promise<number> {
  let size = 0
  for await (const part of stream) size += (part as Buffer).length
  return size
}

/** Evenly from the whole, first and last included. */
function sample(values: readonly number[], count: number): number[] {
  return values.filter((_value, index) => index % Math.ceil(values.length / count) === 0 || index === values.length - 1)
}
