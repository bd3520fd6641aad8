/** Broken engines: each breaks one rule, and is found out soon. */
import { expect, test } from "vitest"
import { type Broken, brokenEngines, simulate } from "../../src/testing/index.ts"

const seedsMax = 1_000

/** What it may be found out by: the promise that the rule keeps. */
const broken: Readonly<Record<Broken, RegExp>> = {
  "accept-before-intent": /what was acknowledged stays|the journal is whole|at most once/,
  "resubmit-on-time-out": /accepted once/,
  "absence-means-done": /no end without proof/,
  "no-guard": /at most once|no end without proof/,
  "no-fsync": /what was acknowledged stays|the journal is whole|results come back/,
  "no-fence": /at most once|no end without proof|every tombstone is closed/,
  "fence-unshown": /at most once|no end without proof/,
  "no-test-job": /what waits for a showing gets one/,
  "no-results-fsync": /results come back/,
}

test.each(brokenEngines)("%s", { timeout: 60_000 }, async (name) => {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const { violations } = await simulate({ seed, broken: name })
    // Another promise may be broken with it, and first.
    if (violations.some(({ invariant, what }) => broken[name].test(`${invariant}: ${what}`))) return
  }
  expect.unreachable(`${name} was not found out in ${seedsMax} seeds`)
})
