import { describe, expect, test } from "vitest"
import { type Tree, rules } from "./support/architecture.ts"
import { mirror } from "./support/mirror.ts"
import { filesUnder, textsUnder } from "./support/tree.ts"

const src = textsUnder("src")

/** A file that breaks no rule but the one that its line breaks. */
const says = (line: string): string => `/** A sample. */\n${line}\n`

const longest = says("") + "// a line\n".repeat(348)

interface Samples {
  readonly caught: readonly Tree[]
  /** The twins: nearly the same, and allowed. */
  readonly fine: readonly Tree[]
}

const samples: Readonly<Record<keyof typeof rules, Samples>> = {
  circles: {
    caught: [
      { "src/job/a.ts": says('import "./a.ts"') },
      { "src/job/a.ts": says('import { b } from "./b.ts"'), "src/job/b.ts": says('export * from "./a.ts"') },
      {
        "src/job/a.ts": says('import type { B } from "./b.ts"'),
        "src/job/b.ts": says('const a = await import("./a.ts")'),
      },
      {
        "src/job/a.ts": says('import "./b.ts"'),
        "src/job/b.ts": says('import "./c.ts"'),
        "src/job/c.ts": says('import {\n  a,\n  type A,\n} from "./a.ts"'),
      },
    ],
    fine: [
      {
        "src/job/a.ts": says('import "./b.ts"\nimport "./c.ts"'),
        "src/job/b.ts": says('import "./c.ts"'),
        "src/job/c.ts": says('// import "./a.ts"\nconst text = `import "./a.ts"`\nArray.from("./a.ts")'),
      },
    ],
  },
  flow: {
    caught: [
      { "src/job/a.ts": says('import "../errors.ts"') },
      { "src/job/a.ts": says('import type { Clock } from "../clock.ts"') },
      { "src/errors.ts": says('import "./quote.ts"') },
      { "src/command.ts": says('import "./quote.ts"') },
      { "src/schedulers/slurm.ts": says('import "../launchers/srun.ts"') },
      { "src/transport/local.ts": says('import "../persist/journal.ts"') },
      { "src/retry/policy.ts": says('import "../executors/index.ts"') },
      { "src/executors/submit.ts": says('import "../config/schema.ts"') },
      { "src/hawser.ts": says('import "./control/server.ts"') },
      { "src/control/server.ts": says('import "../cli/run.ts"') },
      { "src/index.ts": says('export * from "./cli/main.ts"') },
      { "src/plugins/a.ts": says("") },
    ],
    fine: [
      { "src/cli/run.ts": says('import "../control/client.ts"\nimport "../job/spec.ts"\nimport "./main.ts"') },
      {
        "src/hawser.ts": says(
          'import "./config/index.ts"\nimport "./executors/slurm.ts"\nimport "./schedulers/registry.ts"',
        ),
      },
      { "src/transport/shell.ts": says('import "../remote/layout.ts"\nimport "../quote.ts"\nimport "ssh2"') },
      { "src/remote/layout.ts": says('import "../transport/transport.ts"\nimport "node:path"') },
      { "src/quote.ts": says('import "./errors.ts"') },
      { "src/errors.ts": says('import "./job/index.ts"') },
    ],
  },
  narrow: {
    caught: [
      { "src/config/schema.ts": says('import "../schedulers/slurm.ts"') },
      { "src/config/schema.ts": says('import "../persist/index.ts"') },
    ],
    fine: [{ "src/config/schema.ts": says('import "../schedulers/registry.ts"\nimport "../errors.ts"') }],
  },
  pure: {
    caught: [
      { "src/schedulers/slurm.ts": says('import { readFile } from "node:fs/promises"') },
      { "src/launchers/srun.ts": says('import "child_process"') },
      { "src/schedulers/flux.ts": says('import "../clock.ts"') },
    ],
    fine: [
      { "src/schedulers/slurm.ts": says('import { posix } from "node:path"\nimport "../quote.ts"') },
      { "src/executors/stage.ts": says('import "node:fs"\nimport "../clock.ts"') },
    ],
  },
  folders: {
    caught: [
      { "src/job/spec.ts": says(""), "src/index.ts": says("") },
      { "src/index.ts": "export {}\n" },
      { "src/index.ts": "/** No full stop */\n" },
      { "src/index.ts": "/** One sentence. And another one. */\n" },
      { "src/index.ts": says(""), "src/remote/job/wrapper.sh": "#!/bin/sh\n", "src/remote/index.ts": says("") },
    ],
    fine: [{ "src/index.ts": says(""), "src/job/index.ts": "/** The nouns: spec, state (and replay). */\n" }],
  },
  shell: {
    caught: [
      "run('sbatch job.sh 2>&1')",
      'run("cat exit 2> /dev/null")',
      'run("mkdir jobs && cd jobs")',
      'run("test -f exit || sleep 1")',
      'run("kill $(cat pid)")',
      "run(`squeue | grep ${token}`)",
      'run("for i in 1 2; do sh job; done")',
      "const line = `if [ -e ${path} ]; then cat`",
      "const script = `sh <<'END'\nrm x\nEND`",
      'lines.push("set -eu")',
      "run(`sbatch ${path}`)",
      "run(`rm -rf '${path}'`)",
      'run("scancel " + id)',
      "log(`${outer(`tar -xf ${name}`)}`)",
    ].map((line) => ({ "src/executors/submit.ts": says(line) })),
    fine: [
      { "src/quote.ts": says("const line = `cd ${path} && sh job.sh 2>&1`") },
      { "src/remote/wrapper.sh": "#!/bin/sh\ncd job && sh run 2>&1\n" },
      ...[
        'run(["sbatch", "--parsable", path])',
        "const said = `sbatch said: ${reason}`",
        'const advice = "local | ssh2 | openssh; do one of them"',
        "const price = `costs \\$(5)`",
        "const looks = /2>&1|\\$\\(/.test(text) && a || b",
        "// cd x && y 2>&1",
        'const ready = a && b || c // "x && y"',
        "const half = total / 2 // ' && '\nconst rest = total / 3",
        'const line = "#SBATCH --output=out"',
      ].map((line) => ({ "src/executors/submit.ts": says(line) })),
    ],
  },
  time: {
    caught: [
      "const now = Date.now()",
      "const now = new Date()",
      "const now = new Date",
      "const now = Date()",
      "setTimeout(f, 5)",
      "const id = globalThis.setInterval(f)",
      "const signal = AbortSignal.timeout(5)",
      "const t = performance.now()",
      "const t = process.hrtime.bigint()",
      "const r = Math.random()",
      'import { randomUUID } from "node:crypto"',
      "const id = crypto.randomUUID()",
      'import { setTimeout as sleep } from "node:timers/promises"',
      "const text = `at ${Date.now()}`",
    ].map((line) => ({ "src/executors/monitor.ts": says(line) })),
    fine: [
      { "src/clock.ts": says("const now = Date.now() + Math.random()") },
      ...[
        "const text = new Date(at).toISOString()",
        'const text = new Date("2026-01-01").getTime()',
        "const ms = Date.parse(text)",
        'import { createHash } from "node:crypto"',
        'const advice = "Date.now() is not called"',
        "/* setTimeout */",
        "const time: Date = when",
      ].map((line) => ({ "src/executors/monitor.ts": says(line) })),
    ],
  },
  defaults: {
    caught: [{ "src/job/a.ts": says("export default 1") }, { "src/job/a.ts": says("export { a as default }") }],
    fine: [{ "src/job/a.ts": says('import { default as a } from "yaml"\nexport const b = "export default"') }],
  },
  names: {
    caught: [
      "src/utils.ts",
      "src/job/helpers.ts",
      "src/common/index.ts",
      "src/job/shell-utils.ts",
      "src/remote/util.sh",
    ].map((path) => ({ [path]: says("") })),
    fine: [{ "src/job/commonality.ts": says("") }],
  },
  length: {
    caught: [{ "src/job/a.ts": `${longest}// one more\n` }],
    fine: [{ "src/job/a.ts": longest }],
  },
}

for (const rule of Object.keys(samples) as (keyof typeof rules)[]) {
  const { title, check } = rules[rule]

  describe(title, () => {
    test("in src", () => {
      expect(check(src)).toEqual([])
    })

    test.each(samples[rule].caught.map(titled))("a violation is caught: %s", (_title, tree) => {
      expect(check(tree)).not.toEqual([])
    })

    test.each(samples[rule].fine.map(titled))("what is allowed passes: %s", (_title, tree) => {
      expect(check(tree)).toEqual([])
    })
  })
}

/** The files of a sample, and of each the line that it is about. */
function titled(tree: Tree): [title: string, tree: Tree] {
  const files = Object.entries(tree).map(([path, text]) => `${path} { ${text.split("\n")[1] ?? ""} }`)
  return [files.join(", "), tree]
}

describe("test/ mirrors src/", () => {
  test("every test file stands where its subject stands", () => {
    expect(mirror(filesUnder("test"), filesUnder("src"))).toEqual([])
  })

  test.each([
    ["test/job/nothing.test.ts", ["src/job/spec.ts"]],
    ["test/spec.test.ts", ["src/job/spec.ts"]],
    ["test/job/simulation/seed.test.ts", ["src/job/spec.ts"]],
  ])("%s is caught when there is only %s", (path, sources) => {
    expect(mirror([path], sources)).toEqual([path])
  })

  test.each([
    ["test/job/spec.test.ts", ["src/job/spec.ts"]],
    ["test/job/spec.walltime.test.ts", ["src/job/spec.ts"]],
    ["test/remote/wrapper.test.ts", ["src/remote/wrapper.sh"]],
    ["test/schedulers/slurm.test.ts", ["src/schedulers/slurm/index.ts"]],
    ["test/live/slurm.test.ts", []],
    ["test/job/fixture.ts", []],
  ])("%s is fine beside %s", (path, sources) => {
    expect(mirror([path], sources)).toEqual([])
  })
})
