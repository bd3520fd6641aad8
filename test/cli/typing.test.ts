import { expect, test } from "vitest"
import { type Typed, typeInto } from "../../src/cli/typing.ts"

const nothing: Typed = { text: "", seen: "", end: null }

test.each<[string, string, string, Typed["end"]]>([
  ["a line", "open sesame\r", "open sesame", "done"],
  ["what comes after it is left out", "a\nb", "a", "done"],
  ["nothing but enter", "\r", "", "done"],
  ["backspace takes a whole character", "a\u{1f6a2}\u007F\bb", "b", null],
  ["backspace at the start", "\u007Fa", "a", null],
  ["Ctrl-U takes all", "wrong\u0015right\r", "right", "done"],
  ["Ctrl-C", "half\u0003", "half", "interrupted"],
  ["Ctrl-\\", "\u001C", "", "interrupted"],
  ["Ctrl-D on an empty line", "\u0004", "", "declined"],
  ["Ctrl-D after something", "a\u0004", "a", "done"],
  ["other control keys", "a\u001A\u0000b\tc", "ab\tc", null],
  ["more than fits", "x".repeat(20), "x".repeat(16), null],
])("%s", (_what, keys, text, end) => {
  expect(typeInto(nothing, keys, 16)).toMatchObject({ text, end })
})

test("keys come one by one, and what is seen follows them", () => {
  let typed = nothing
  const seen: string[] = []
  for (const key of "ab\u007Fc\u0015d\r") {
    typed = typeInto(typed, key, 16)
    seen.push(typed.seen)
  }
  expect(typed).toMatchObject({ text: "d", end: "done" })
  expect(seen).toEqual(["a", "b", "\b \b", "c", "\b \b\b \b", "d", ""])
})
