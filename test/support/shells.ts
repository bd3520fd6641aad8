/** The shells that stand for the `sh` of other hosts, as far as this machine has them. */
import { spawnSync } from "node:child_process"

type Argv = readonly [string, ...string[]]

const all: Readonly<Record<string, Argv>> = {
  dash: ["dash"],
  // What /bin/sh is on Red Hat and its kin.
  "bash as sh": ["bash", "--posix"],
  "busybox sh": ["busybox", "sh"],
}

export const shells: readonly { readonly name: string; readonly argv: Argv; readonly isThere: boolean }[] =
  Object.entries(all).map(([name, argv]) => ({
    name,
    argv,
    isThere: spawnSync(argv[0], [...argv.slice(1), "-c", "true"]).status === 0,
  }))
