import { readFileSync, readdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig, type ViteUserConfig } from "vitest/config"
import { CountReporter } from "./test/support/count-reporter.ts"

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Live tests that stop daemons of the rig. */
const breaking = readdirSync(here("test/live"))
  .filter((name) => readFileSync(here(`test/live/${name}`), "utf8").includes("breakableRig"))
  .map((name) => `test/live/${name}`)

/**
 * One after another: `fast` needs nothing but Node; `live` talks to real schedulers, which several files can share;
 * `live-alone` breaks them, one file at a time.
 */
const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      { find: /^hawser$/, replacement: here("src/index.ts") },
      { find: /^hawser\/testing$/, replacement: here("src/testing/index.ts") },
    ],
  },
  test: {
    pool: "forks",
    // What is polled for comes soon; on a busy machine within a second is not said.
    expect: { poll: { timeout: 30_000 } },
    reporters: ["default", new CountReporter()],
    coverage: { provider: "v8", include: ["src/**/*.ts"] },
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: ["test/live/**"],
          // Starting a process and loading the modules for each file took more time than most files.
          isolate: false,
          unstubEnvs: true,
          // Some tests work and some wait: more than there are cores.
          maxWorkers: availableParallelism() + 1,
          maxConcurrency: 10,
          // No test takes long by itself; on a busy machine anyone may.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "live",
          include: ["test/live/**/*.test.ts"],
          exclude: breaking,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          // They wait for their managers, mostly.
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "live-alone",
          include: breaking,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})

export default config
