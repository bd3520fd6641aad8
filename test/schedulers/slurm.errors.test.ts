import { describe, expect, test } from "vitest"
import { slurm } from "../../src/schedulers/slurm/index.ts"
import { shared, sharedLines, withoutShared } from "../support/shared.ts"
import { resultOf, submissionOf, thrownBy } from "./samples.ts"

const submit = (exitCode: number, stderr: string, stdout = ""): unknown => {
  const command = slurm.submit(submissionOf())
  return thrownBy(() => command.parse(resultOf({ exitCode, stdout, stderr })))
}

const failed = (text: string): string => `sbatch: error: Batch job submission failed: ${text}\n`

describe("what sbatch says", () => {
  test.each([
    // The request had not left, or slurmctld itself refused it.
    ["transient", failed("Unable to contact slurm controller (connect failure)")],
    [
      "transient",
      'sbatch: error: Munge encode failed: Failed to access "/run/munge/munge.socket.2"\n' +
        failed("Protocol authentication error"),
    ],
    ["transient", "sbatch: fatal: Could not establish a configuration source\n"],
    [
      "transient",
      "sbatch: error: ClusterName needs to be specified\nsbatch: fatal: Unable to process configuration file\n",
    ],
    ["limit", failed("Resource temporarily unavailable")],
    [
      "limit",
      "sbatch: error: AssocMaxSubmitJobLimit\n" +
        failed("Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"),
    ],
    [
      "limit",
      "sbatch: error: QOSMaxSubmitJobPerUserLimit\n" +
        failed("Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"),
    ],
    [
      "limit",
      "sbatch: error: QOSGrpCpuLimit\n" +
        failed("Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"),
    ],
    [
      "rejected",
      "sbatch: error: QOSMaxWallDurationPerJobLimit\n" +
        failed("Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"),
    ],
    ["rejected", "sbatch: error: invalid partition specified: nope\n" + failed("Invalid partition name specified")],
    ["rejected", "sbatch: error: Use at least one GPU here.\n" + failed("Unspecified error")],
    ["rejected", "sbatch: unrecognized option '--frobnicate'\nTry \"sbatch --help\" for more information\n"],
    // It may have arrived.
    ["in-doubt", failed("Socket timed out on send/recv operation")],
    ["in-doubt", failed("Zero Bytes were transmitted or received")],
    ["in-doubt", failed("Unable to contact slurm controller (receive failure)")],
    ["in-doubt", failed("Something that Slurm 30 says")],
    ["in-doubt", "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n"],
  ])("%s: %s", (kind, stderr) => {
    expect(submit(1, stderr)).toMatchObject({ class: kind })
  })

  test("an id beside a failure is in doubt, and so are two ids", () => {
    expect(submit(1, failed("Invalid qos specification"), "4711\n")).toMatchObject({ class: "in-doubt" })
    expect(submit(0, "", "4711\n4712\n")).toMatchObject({ class: "in-doubt" })
  })

  test("its words are the reason, all of them, without their prefixes", () => {
    expect(submit(1, "sbatch: error: Use at least one GPU here.\n" + failed("Unspecified error"))).toMatchObject({
      reason: "Use at least one GPU here.; Batch job submission failed: Unspecified error",
    })
  })

  test("warnings beside an id do no harm", () => {
    const command = slurm.submit(submissionOf())
    const stderr = "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n"
    expect(command.parse(resultOf({ stdout: "4711;north\n", stderr }))).toEqual({
      nativeId: "4711;north",
      submitTime: null,
    })
  })
})

interface Recorded {
  readonly cmd: string
  readonly rc: number
  readonly stdout: string
  readonly stderr: string
  readonly context: string
}

/** Recorded submissions that the manager had accepted although sbatch failed. */
const cameTrue = /frozen|client killed/

test.skipIf(shared === null)(
  `no recorded failure of sbatch is taken for a refusal where the job existed${withoutShared}`,
  () => {
    const files = ["submit-errors", "manager-failures", "basic", "states", "minimal"]
    const all = files.flatMap((file) => sharedLines<Recorded>(`transcripts/slurm/${file}.jsonl`))
    // One sbatch each, and none that only asks.
    const single = all.filter(({ cmd, rc }) => {
      const bare = cmd.replace(/'[^']*'/g, "''")
      return rc >= 0 && /^(?:printf '' \| )?sbatch /.test(bare) && !/;|--version|--test-only|-v /.test(bare)
    })
    const classes = single.map(({ rc, stdout, stderr, context }) => {
      const result = resultOf({ exitCode: rc & 255, stdout, stderr })
      try {
        return { context, id: slurm.submit(submissionOf()).parse(result).nativeId, class: null, rc }
      } catch (error) {
        return { context, id: null, class: (error as { class: string }).class, rc }
      }
    })
    for (const answer of classes) {
      if (answer.rc === 0) expect(answer).toMatchObject({ class: null, id: expect.stringMatching(/^\d+$/) as string })
      else expect(answer.id).toBeNull()
      if (answer.rc !== 0 && cameTrue.test(answer.context)) expect(answer.class).toBe("in-doubt")
    }
    const doubtful = classes.filter((answer) => answer.class === "in-doubt").map((answer) => answer.context)
    // The twin: of all others nothing is in doubt but a credential that was refused, which looks like a lost answer.
    expect(doubtful.filter((context) => !cameTrue.test(context) && !/key differs|clock/.test(context))).toEqual([])
    console.info(`transcripts: ${classes.length} submissions read, ${doubtful.length} of them in doubt`)
  },
)
