/** What qsub of 8.1.9 said, and what it means for a submission. */
import { expect, test } from "vitest"
import { sge } from "../../src/schedulers/sge/index.ts"
import { resultOf, submissionOf, thrownBy } from "./samples.ts"

const classOf = (exitCode: number, stderr: string): unknown =>
  thrownBy(() => sge.submit(submissionOf()).parse(resultOf({ exitCode, stderr })))

const unable = (why: string): string => `Unable to run job: ${why}\nExiting.\n`

test.each([
  [1, unable('Job was rejected because job requests unknown queue "nope.q"')],
  [1, unable('job rejected: the requested parallel environment "nope" does not exist')],
  [1, unable('job rejected: the requested project "nope" does not exist')],
  [1, unable("job rejected: no script in your request")],
  [1, unable("error: no suitable queues")],
  [1, unable('unknown resource "foo"')],
  [1, unable('denied: "1abc" is not a valid object name (cannot start with a digit)')],
  [1, unable("Colon (':') not allowed in objectname")],
  [1, unable('attribute "h_vmem" is not a memory value')],
  [1, unable('"job" rejected: pe range must be greater than zero')],
  [1, unable("the advance reservation id 99 is invalid")],
  [7, 'qsub: Wrong mail options list format "x" specified to -m option\n'],
  [7, 'qsub: invalid priority "5000".  Must be an integer from -1023 to 1024\n'],
  [2, 'qsub: invalid option argument "--frob"\n'],
  [14, "Unable to read script file because of error: error opening /no/such/script: No such file or directory\n"],
])("%i, %j is refused for good", (exitCode, stderr) => {
  expect(classOf(exitCode, stderr)).toMatchObject({ class: "rejected" })
})

test.each([
  [25, unable("job rejected: only 1 jobs are allowed per user (current job count: 1)")],
  [25, unable("job rejected: only 1 jobs are allowed per cluster")],
  [25, ""],
])("%i, %j is a limit, which passes", (exitCode, stderr) => {
  expect(classOf(exitCode, stderr)).toMatchObject({ class: "limit" })
})

test.each([
  unable('unable to send message to qmaster using port 6444 on host "vm": got send error'),
  unable("Error reading answer list from qmaster"),
  "error: failed receiving gdi request response for mid=1 (can't find connection).\n",
  "qsub: warning: something new\n",
])("%j may have been taken", (stderr) => {
  expect(classOf(1, stderr)).toMatchObject({ class: "in-doubt" })
})

test.each(["Connection refused", "No route to host"])("without a connection (%s) nothing was submitted", (why) => {
  const sent = unable('unable to send message to qmaster using port 6444 on host "vm": got send error')
  const stderr = `error: commlib error: got select error (${why})\n${sent}`
  expect(classOf(1, stderr)).toMatchObject({ class: "transient" })
})

test("without its cell, or its programs, Grid Engine is not there", () => {
  expect(classOf(1, 'error: cell directory "/nonexistent/default" doesn\'t exist\n')).not.toMatchObject({
    class: "rejected",
  })
  expect(classOf(127, "sh: 1: qsub: not found\n")).toMatchObject({ class: "gone" })
  const answer = resultOf({ exitCode: 1, stderr: 'error: cell directory "/nonexistent/default" doesn\'t exist\n' })
  expect(sge.classify(answer)).toBe("gone")
})
