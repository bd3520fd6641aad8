import fc from "fast-check"
import { expect, test } from "vitest"
import { systemClock } from "../../src/clock.ts"
import { localTransport } from "../../src/transport/local.ts"
import { openSession } from "../../src/transport/session.ts"
import { shells } from "../support/shells.ts"
import { raw } from "./contract.ts"

/** Prints each word with its length in bytes before it, so that no word can pass for two. */
const prelude = `hz_words() { for hz_word in "$@"; do printf '%s:%s,' "\${#hz_word}" "$hz_word"; done; }`

const special = fc.constantFrom(
  ..."' '' \" ` $( ) ${x} $x \\ \\\\ * ? [a-z] ~ ~root ! !! # ; & | < > && { } ( = -n -- -e \n \r\n \t %s %n \\n \u0007".split(
    " ",
  ),
  " ",
  "\n",
)
const word = fc.oneof(
  fc.array(fc.oneof(special, fc.string({ unit: "binary", maxLength: 4 }), fc.string({ maxLength: 3 })), {
    maxLength: 6,
  }),
  fc.array(special, { maxLength: 12 }),
)
const words = fc.array(
  word.map((parts) => parts.join("").replaceAll("\0", "").toWellFormed()),
  { maxLength: 12 },
)

/** So many times 100 commands in each shell, as quick as it is: 10,000 random argv in all. */
const batches: Readonly<Record<string, number>> = { dash: 48, "bash as sh": 12, "busybox sh": 40 }

test.for(shells.filter(({ isThere }) => isThere))(
  "any words arrive unchanged in $name",
  { timeout: 60_000 },
  async ({ name, argv }) => {
    await using session = await openSession(localTransport(systemClock, argv), { clock: systemClock, prelude })
    await fc.assert(
      fc.asyncProperty(fc.array(words, { minLength: 100, maxLength: 100 }), async (batch) => {
        const answers = await Promise.all(
          batch.map(async (sample) => session.ask(raw(["hz_words", ...sample], { stdin: sample.join("\n") }))),
        )
        const expected = batch.map((sample) => sample.map((one) => `${Buffer.byteLength(one)}:${one},`).join(""))
        expect(answers.map(({ stdout }) => stdout)).toEqual(expected)
      }),
      { numRuns: batches[name]!, seed: 20_240_117, endOnFailure: true },
    )
  },
)
