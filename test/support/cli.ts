/** The command line as people use it: the built program, in a folder of its own. */
import { spawn, spawnSync } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Status } from "../../src/hawser.ts"
import type { JobView } from "../../src/job/index.ts"
import { root } from "./root.ts"

const bin = join(root, "dist/cli/main.js")

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Terminal {
  readonly code: Promise<number | null>
  /** Everything that was shown, control sequences included. */
  shown(): string
  type(keys: string): void
  /** SIGKILL to the program that runs in it. */
  kill(): void
  /** Resolves when it has been shown. */
  until(pattern: RegExp): Promise<void>
}

/** Why there are no terminals here; undefined: there are. */
export const noTerminal: string | undefined = hasScript() ? undefined : "util-linux's script is not there"

function hasScript(): boolean {
  const { status, stdout } = spawnSync("script", ["--version"], { encoding: "utf8" })
  return status === 0 && stdout.includes("util-linux")
}

/** A folder with a hawser.yaml, and `hawser` typed in it. Closing ends its controller and removes it. */
export class Study implements AsyncDisposable {
  readonly folder: string
  private readonly env: NodeJS.ProcessEnv

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder
    this.env = env
  }

  /** The same folder, with more in the environment. */
  with(env: Readonly<Record<string, string>>): Pick<Study, "hawser"> {
    return new Study(this.folder, { ...this.env, ...env })
  }

  async hawser(
    args: readonly string[],
    options: { readonly stdin?: string; readonly onStart?: (pid: number) => void } = {},
  ): Promise<CliResult> {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: this.folder,
      env: this.env,
      stdio: ["pipe", "pipe", "pipe"],
    })
    if (child.pid !== undefined) options.onStart?.(child.pid)
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    child.stdin.end(options.stdin ?? "")
    const code = await new Promise<number | null>((done) => child.once("close", done))
    return { code, stdout, stderr }
  }

  /** `hawser` typed at a terminal, and a line of shell after it: util-linux's script holds the other end. */
  terminal(args: readonly string[], afterwards?: string): Terminal {
    const words = [process.execPath, bin, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ")
    const line = afterwards === undefined ? `exec ${words}` : `${words}; code=$?; ${afterwards}; exit $code`
    const child = spawn("script", ["-qfec", line, "/dev/null"], {
      cwd: this.folder,
      // A person types here, whoever runs the tests.
      env: { ...this.env, SHELL: "/bin/sh", TERM: "xterm", CI: "" },
      stdio: ["pipe", "pipe", "inherit"],
    })
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more))
    const code = new Promise<number | null>((done) => child.once("close", done))
    return {
      code,
      shown: () => text,
      kill: () => {
        const { stdout } = spawnSync("ps", ["--ppid", String(child.pid), "-o", "pid="], { encoding: "utf8" })
        for (const pid of stdout.split("\n").map(Number)) if (pid > 0) process.kill(pid, "SIGKILL")
      },
      type: (keys) => void child.stdin.write(keys),
      until: async (pattern) => {
        for (let tries = 0; tries < 1_200 && !pattern.test(text); tries += 1) await pause(50)
        if (!pattern.test(text)) throw new Error(`${String(pattern)} was not shown: ${text}`)
      },
    }
  }

  async json<T>(...args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await this.hawser(args)
    if (stdout === "") throw new Error(`hawser ${args.join(" ")} printed nothing (exit ${code}): ${stderr}`)
    return JSON.parse(stdout) as T
  }

  async jobs(): Promise<readonly JobView[]> {
    return this.json<readonly JobView[]>("list", "--json")
  }

  /** The pid of the controller that serves now; null: none. */
  async controllerPid(): Promise<number | null> {
    return (await this.json<Status>("status", "--json")).controller?.pid ?? null
  }

  /** SIGKILL to the controller, one that is not in `earlier`; waits until there is one. Returns the pid that it had. */
  async killController(earlier: ReadonlySet<number> = new Set()): Promise<number> {
    for (let tries = 0; tries < 200; tries += 1) {
      const pid = await this.controllerPid()
      if (pid !== null && !earlier.has(pid)) {
        process.kill(pid, "SIGKILL")
        return pid
      }
      await pause(100)
    }
    throw new Error("no other controller came up")
  }

  async write(name: string, text: string | Buffer): Promise<void> {
    await writeFile(join(this.folder, name), text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hawser(["down"])
    for (let tries = 0; tries < 50 && (await this.controllerPid()) !== null; tries += 1) await pause(100)
    await rm(this.folder, { recursive: true, force: true })
  }
}

export async function study(config: string, env: Readonly<Record<string, string>> = {}): Promise<Study> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-study-"))
  await writeFile(join(folder, "hawser.yaml"), config)
  return new Study(folder, { ...process.env, HAWSER_STATE: undefined, HAWSER_CONFIG: undefined, ...env })
}

/** An aborted signal ends it early. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
}
