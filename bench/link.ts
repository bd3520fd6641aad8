/** The rig's login node behind a slow line: what the benchmarks of the way to a cluster run over. */
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type DelayingProxy, delayingProxy } from "../test/support/delaying-proxy.ts"
import type { Rig } from "../test/support/rig.ts"

const run = promisify(execFile)
// From dist-tools/bench, where this is compiled to.
const program = fileURLToPath(new URL("../../rig/rig.sh", import.meta.url))

export const roundTripMs = 50

export interface SlowLink extends AsyncDisposable {
  readonly proxy: DelayingProxy
  /** A folder of our own, removed with the link. */
  readonly folder: string
  /** The way through the proxy, as an executor's settings. */
  readonly login: Pick<Rig, "host" | "port" | "user" | "identityFile" | "knownHostsFile">
}

/** The rig, or why there is none to be used. */
export async function findRig(): Promise<Rig | string> {
  try {
    const { stdout } = await run(program, ["env", "--json"])
    const rig = JSON.parse(stdout) as Rig
    return rig.pids["sshd"] === undefined ? "the rig's sshd is down (rig/rig.sh up)" : rig
  } catch {
    return "the rig is not up (rig/rig.sh up)"
  }
}

/** A fresh line to the rig's sshd, with nothing on it yet. */
export async function slowLink(rig: Rig): Promise<SlowLink> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-bench-"))
  const proxy = await delayingProxy(rig, roundTripMs / 2)
  const knownHostsFile = join(folder, "known_hosts")
  // The host key is known under the name of the sshd itself.
  const known = await readFile(rig.knownHostsFile, "utf8")
  await writeFile(knownHostsFile, known.replaceAll(`:${rig.port} `, `:${proxy.port} `))
  return {
    proxy,
    folder,
    login: { ...rig, port: proxy.port, knownHostsFile },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Runs one script as the rig's user on the login node, by the plain ssh client and without the slow line. */
export async function onLoginNode(rig: Rig, script: string): Promise<string> {
  const options = ["-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${rig.knownHostsFile}`]
  const way = ["-F", "none", "-p", String(rig.port), "-i", rig.identityFile, ...options, `${rig.user}@${rig.host}`]
  const { stdout } = await run("ssh", [...way, script], { maxBuffer: 16 * 1024 * 1024 })
  return stdout
}
