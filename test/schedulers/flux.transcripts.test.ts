/** What a real Flux 0.88 has answered, where our recordings of it stand beside the repository. */
import { readdirSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { flux } from "../../src/schedulers/flux/index.ts"
import { decimalOf } from "../../src/schedulers/flux/f58.ts"
import { shared, sharedLines, withoutShared } from "../support/shared.ts"
import { resultOf, submissionOf, token } from "./samples.ts"

interface Recorded {
  readonly command: string | readonly string[]
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

function recorded(): { words: string; result: ReturnType<typeof resultOf> }[] {
  return readdirSync(`${shared}/transcripts/flux`)
    .flatMap((file) => sharedLines<Recorded>(`transcripts/flux/${file}`))
    .filter(({ exit }) => exit >= 0)
    .map(({ command, exit, stdout, stderr }) => ({
      words: typeof command === "string" ? command : command.map((word) => word.replaceAll(/\s/g, "_")).join(" "),
      result: resultOf({ exitCode: exit, stdout, stderr }),
    }))
    .filter(({ words }) => words.startsWith("flux ") && !/[;|&$\n]/.test(words))
}

describe.skipIf(shared === null)(`recordings of Flux${withoutShared}`, () => {
  test("each submission that was taken has its id, and none that was refused is in doubt", () => {
    const all = recorded().filter(
      ({ words }) => /^flux (submit|batch) /.test(words) && !/--dry-run|--cc|--wait/.test(words),
    )
    const taken = all.filter(({ result }) => result.exitCode === 0)
    for (const { words, result } of taken)
      expect.soft(flux.submit(submissionOf()).parse(result).nativeId, words).toBe(decimalOf(result.stdout.trim()))
    const refused = all.filter(({ result }) => result.exitCode !== 0)
    const classes = refused.map(({ words, result }) => {
      try {
        return { words, class: flux.submit(submissionOf()).parse(result).nativeId }
      } catch (error) {
        return { words, class: (error as { class: string }).class }
      }
    })
    for (const one of classes) expect.soft(["rejected", "transient", "auth", "limit"], one.words).toContain(one.class)
    console.info(`transcripts: ${taken.length} submissions taken, ${refused.length} refused`)
    expect(taken.length).toBeGreaterThan(0)
    expect(refused.length).toBeGreaterThan(0)
  })

  test("each list is read to its last job, and its ends are those that Flux tells", () => {
    const lists = recorded().filter(({ words }) => /^flux jobs .*--json/.test(words))
    let jobs = 0
    for (const { words, result } of lists) {
      if (result.exitCode !== 0) {
        if (/unknown/.test(result.stderr)) expect(flux.queue([]).parse(result).coverage).toBe("complete")
        else expect(() => flux.queue([]).parse(result), words).toThrow()
        continue
      }
      // They are strangers' by their names.
      const stdout = result.stdout.replaceAll(/"name": "/g, `"name": "${token}-`)
      const listing = flux.queue([]).parse({ ...result, stdout })
      expect(listing, words).toMatchObject({ coverage: "complete", unread: [] })
      expect(listing.evidence.map(({ nativeId }) => nativeId)).toEqual(
        [...stdout.matchAll(/"id": (\d+)/g)].map(([, id]) => id),
      )
      const ends = [...stdout.matchAll(/"result": "([A-Z]+)"/g)].map(([, word]) => word)
      const read = listing.evidence.filter(({ outcome }) => outcome !== null)
      expect(read.map(({ word }) => word)).toEqual(ends)
      for (const { word, outcome } of read) {
        expect(outcome?.state).toBe(word === "COMPLETED" ? "completed" : word === "CANCELED" ? "cancelled" : "failed")
      }
      jobs += listing.evidence.length
    }
    console.info(`transcripts: ${lists.length} lists read, with ${jobs} jobs`)
    expect(jobs).toBeGreaterThan(0)
  })
})
