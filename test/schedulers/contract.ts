/** What every dialect has to do, whatever it speaks. A dialect's own test runs it with a sample of what its manager prints. */
import { describe, expect, test } from "vitest"
import type { Command, CommandResult } from "../../src/command.ts"
import { HawserError, SchedulerError } from "../../src/errors.ts"
import type { Listing, Native, Scheduler } from "../../src/schedulers/index.ts"
import { nativeOf, otherToken, resultOf, submissionOf, thrownBy, token } from "./samples.ts"

/** Answers as the manager would print them. */
export interface Sample {
  readonly scheduler: Scheduler
  /** A native id of that manager. */
  readonly nativeId: string
  /** The answer to a submission that was accepted under `nativeId`. */
  readonly accepted: CommandResult
  /** Answers to a submission, by what they must mean. */
  readonly refused: Readonly<
    Partial<Record<"transient" | "busy" | "limit" | "rejected" | "in-doubt" | "gone", CommandResult>>
  >
  /** The ids that stand in a text, where the manager prints them in another form than ours. */
  readonly idsIn?: ((text: string) => readonly string[]) | undefined
  /** `queue` for a running native of ours, and for a stranger's. */
  readonly queue: (natives: readonly Native[]) => string
  /** Any command while the manager is down. */
  readonly down: CommandResult
  /** A line of `queue` that a login script may print. */
  readonly noise?: string
}

const since = 1_795_232_000

export function contract(sample: Sample): void {
  const { scheduler, nativeId } = sample
  const submission = submissionOf()
  const native = nativeOf(nativeId)
  const other = nativeOf(null, otherToken)
  const questions = (): Command<Listing>[] => {
    const history = scheduler.history([native], since)
    return [
      scheduler.queue([native]),
      ...(history === null ? [] : [history]),
      ...scheduler.look([native, other], since),
    ]
  }
  const effects = (): Command<void>[] => [
    ...scheduler.cancel([native], { force: false, owner: 1 }),
    ...scheduler.cancel([native], { force: true, owner: 1 }),
    ...(scheduler.hold([native]) ?? []),
    ...(scheduler.release([native]) ?? []),
  ]

  describe(`${scheduler.name} keeps the contract of a scheduler`, () => {
    test("its commands are words, each with a limit of time, and the same each time", () => {
      const all = () => [scheduler.submit(submission), ...questions(), ...effects(), scheduler.probe()]
      for (const { argv, timeoutMs } of all()) {
        expect(argv[0]).toMatch(/^[A-Za-z][\w.-]*$/)
        for (const word of argv) expect(word).not.toContain("\0")
        expect(timeoutMs).toBeGreaterThan(0)
      }
      expect(all().map(({ argv }) => argv)).toEqual(all().map(({ argv }) => argv))
    })

    test("directives are single lines", () => {
      for (const line of scheduler.directives(submission)) expect(line).not.toMatch(/[\n\r\0]/)
    })

    test("a submission carries the token, and the native name where the manager has names", () => {
      const said = [...scheduler.submit(submission).argv, ...scheduler.directives(submission)].join("\n")
      expect(said).toContain(token)
      if (scheduler.nativeNameMax > token.length) expect(said).toContain(submission.nativeName)
    })

    test("a manager that starts natives again tells them how often it has", () => {
      if (scheduler.features.requeue) expect(scheduler.jobVariables.restarts).toMatch(/^\w+$/)
    })

    test("a submission that was accepted gives the native id", () => {
      expect(scheduler.submit(submission).parse(sample.accepted).nativeId).toBe(nativeId)
    })

    test.each(Object.entries(sample.refused))("a submission that was answered so is %s", (kind, result) => {
      expect(thrownBy(() => scheduler.submit(submission).parse(result))).toMatchObject({ class: kind })
    })

    test.each([
      ["nothing, with exit code 0", resultOf()],
      ["words that nobody has seen", resultOf({ exitCode: 1, stderr: "The frobnicator is out of gin.\n" })],
      ["nothing, with exit code 1", resultOf({ exitCode: 1 })],
      ["by a signal", resultOf({ exitCode: 137 })],
      ["too late, and was ended", resultOf({ exitCode: 143, timedOut: true })],
      ["with the id, too late", { ...sample.accepted, exitCode: 143, timedOut: true }],
    ])("a submission that was answered %s is in doubt", (_, result) => {
      const error = thrownBy(() => scheduler.submit(submission).parse(result))
      expect(error).toBeInstanceOf(SchedulerError)
      expect(error).toMatchObject({ class: "in-doubt", inDoubt: true })
    })

    test("the queue lists a native of ours and leaves out a stranger's", () => {
      const listing = scheduler.queue([native]).parse(resultOf({ stdout: sample.queue([native]) }))
      expect(listing).toMatchObject({ unread: [], coverage: "complete", trouble: null })
      expect(listing.evidence).toHaveLength(1)
      expect(listing.evidence[0]).toMatchObject({ token, nativeId, state: "running", outcome: null, seenAt: 0 })
    })

    test("a native of ours is found by its token alone", () => {
      const unknown = nativeOf(null)
      const [first] = scheduler.look([unknown], since)
      const listing = first?.parse(resultOf({ stdout: sample.queue([native]) }))
      expect(listing?.evidence[0]).toMatchObject({ token, nativeId })
    })

    test.skipIf(sample.noise === undefined)("noise takes the worth from silence, and nothing from evidence", () => {
      const stdout = `${sample.noise ?? ""}\n${sample.queue([native])}${sample.noise ?? ""}\n`
      const listing = scheduler.queue([native]).parse(resultOf({ stdout }))
      expect(listing.evidence).toHaveLength(1)
      expect(listing).toMatchObject({ coverage: "partial", unread: [sample.noise, sample.noise] })
    })

    test("an answer that is cut short is never complete and never a state of its own", () => {
      const stdout = sample.queue([native])
      const whole = scheduler.queue([native]).parse(resultOf({ stdout })).evidence
      for (let length = 1; length < stdout.length; length++) {
        const listing = readOrNull(scheduler.queue([native]), resultOf({ stdout: stdout.slice(0, length) }))
        for (const evidence of listing?.evidence ?? []) expect(whole).toContainEqual(evidence)
        const lost = (listing?.evidence.length ?? 0) < whole.length
        if (lost && !stdout.slice(0, length).endsWith("\n")) expect(listing?.coverage ?? "partial").toBe("partial")
      }
    })

    test("a question that was not answered is an error and no empty listing", () => {
      for (const failed of [sample.down, resultOf({ exitCode: 143, timedOut: true }), resultOf({ exitCode: 1 })]) {
        for (const question of questions()) {
          const error = thrownBy(() => question.parse(failed))
          expect(error).toBeInstanceOf(SchedulerError)
          expect(["transient", "busy"]).toContain((error as SchedulerError).class)
        }
        expect(thrownBy(() => scheduler.probe().parse(failed))).toBeInstanceOf(SchedulerError)
      }
    })

    test("a command cancels one native, by what makes it ours", () => {
      const commands = scheduler.cancel([native, other], { force: false, owner: 1 })
      expect(commands).toHaveLength(2)
      expect(commands[0]?.argv.join(" ")).toContain(token)
      expect(commands[0]?.argv.join(" ")).not.toContain(otherToken)
      expect(commands[1]?.argv.join(" ")).toContain(otherToken)
    })

    test("an effect that was not confirmed is an error", () => {
      for (const effect of effects()) {
        expect(thrownBy(() => effect.parse(sample.down))).toBeInstanceOf(SchedulerError)
        expect(thrownBy(() => effect.parse(resultOf({ exitCode: 143, timedOut: true })))).toMatchObject({
          class: "in-doubt",
        })
      }
    })

    test("without natives nothing is asked but the queue", () => {
      expect(scheduler.look([], since)).toEqual([])
      expect(scheduler.cancel([], { force: true, owner: 1 })).toEqual([])
    })
  })
}

function readOrNull<T>(command: Command<T>, result: CommandResult): T | null {
  try {
    return command.parse(result)
  } catch (error) {
    if (error instanceof HawserError) return null
    throw error
  }
}
