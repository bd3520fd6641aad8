/** Closes a test run with one plain line, `N passed, N failed, N skipped`, that a machine can read. */
import type { Reporter, SerializedError, TestModule } from "vitest/node"

/** A file that could not be loaded, a hook that failed and an error outside of any test count as one failure each. */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      counts.failed += module.errors().length
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        // A test that never came to its end, because the run was broken off, has not passed.
        counts[state === "pending" ? "failed" : state] += 1
      }
    }
    // The reporters before this one write through console buffers of their own; the last line is ours.
    process.once("exit", () => {
      process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
    })
  }
}
