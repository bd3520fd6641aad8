/** Texts that were once an answer: cut, spliced, repeated, garbled. The same seed gives the same texts. */
import { Dice } from "../../src/testing/dice.ts"

/** What parsers have stumbled over, here or elsewhere. */
const pieces: readonly [string, ...string[]] = [
  "\n",
  "\r\n",
  "\0",
  "\x1e",
  "\x1f",
  "|",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "=",
  "-",
  "_",
  "%",
  '"',
  "'",
  "\\",
  "<",
  ">",
  "</",
  "&amp;",
  "&#0;",
  "{",
  "}",
  "[",
  "]",
  "null",
  "true",
  "0",
  "-1",
  "1e999",
  "0x10",
  "NaN",
  "9007199254740993",
  "18446744073709551616",
  "__proto__",
  "constructor",
  "COMPLETED",
  "FAILED",
  "RUNNING",
  "exit",
  "end",
  "0:0",
  "\ufffd",
  "\ud800",
  "漢字",
  "🚢",
  "\u202e",
  "\x1b[31m",
]

export class Mutator {
  readonly #dice: Dice
  readonly #corpus: readonly [string, ...string[]]

  constructor(seed: number, corpus: readonly [string, ...string[]]) {
    this.#dice = new Dice(seed)
    this.#corpus = corpus
  }

  next(): string {
    const dice = this.#dice
    let text = dice.chance(0.05) ? this.#noise(dice.whole(0, 200)) : dice.pick(this.#corpus)
    for (let left = dice.whole(0, 6); left > 0; left -= 1) text = this.#changed(text)
    return text.slice(0, textMax)
  }

  #changed(text: string): string {
    const dice = this.#dice
    const [from, to] = this.#range(text.length)
    const [before, part, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)]
    switch (dice.whole(0, 9)) {
      case 0:
        return before + after
      case 1:
        return before + part.repeat(dice.whole(2, 3)) + after
      case 2:
        return before
      case 3:
        return before + dice.pick(pieces) + part + after
      case 4:
        return before + this.#noise(dice.whole(1, 8)) + after
      case 5:
        return before + this.#corpusPart() + after
      case 6:
        return this.#lines(text)
      case 7:
        return text.replace(/\d+/, dice.pick(["", "0", "-1", "99999999999999999999", "007", "1.5", "1e3"]))
      case 8:
        return before + (dice.chance(0.5) ? part.toUpperCase() : part.toLowerCase()) + after
      default:
        return before + part.split("").toReversed().join("") + after
    }
  }

  /** Mostly a short one. */
  #range(length: number): [number, number] {
    const from = this.#dice.whole(0, length)
    const span = this.#dice.chance(0.8) ? this.#dice.whole(0, 12) : this.#dice.whole(0, length)
    return [from, Math.min(length, from + span)]
  }

  #lines(text: string): string {
    const lines = text.split("\n")
    const [one, other] = [this.#dice.whole(0, lines.length - 1), this.#dice.whole(0, lines.length - 1)]
    const [first = "", second = ""] = [lines[one], lines[other]]
    lines[one] = second
    if (this.#dice.chance(0.5)) lines[other] = first
    else lines.splice(other, 1)
    return lines.join("\n")
  }

  #corpusPart(): string {
    const other = this.#dice.pick(this.#corpus)
    const [from, to] = this.#range(other.length)
    return other.slice(from, to)
  }

  #noise(length: number): string {
    return Array.from({ length }, () =>
      String.fromCharCode(this.#dice.whole(0, this.#dice.chance(0.9) ? 126 : 0xffff)),
    ).join("")
  }
}

/** A thousand repetitions of repetitions would take the time from all other texts. */
const textMax = 20_000
