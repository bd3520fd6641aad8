/** What keys do to a line that is typed with the terminal in raw mode. Pure. */

export interface Typed {
  readonly text: string
  /** What the last keys change on the screen, where what is typed may be seen. */
  readonly seen: string
  /** Null: it goes on. `declined` is Ctrl-D on an empty line, `interrupted` Ctrl-C. */
  readonly end: "done" | "declined" | "interrupted" | null
}

const wipe = "\b \b"

/** Backspace takes a character, Ctrl-U all; other control keys do nothing. What comes after the end is not read. */
export function typeInto(before: Typed, keys: string, charsMax: number): Typed {
  let text = Array.from(before.text)
  let seen = ""
  for (const key of keys) {
    const end = ends[key]?.(text.length === 0) ?? null
    if (end !== null) return { text: text.join(""), seen, end }
    if (key === "\u007F" || key === "\b") {
      if (text.pop() !== undefined) seen += wipe
    } else if (key === "\u0015") {
      seen += wipe.repeat(text.length)
      text = []
    } else if ((key === "\t" || !/\p{Cc}/u.test(key)) && text.length < charsMax) {
      text.push(key)
      seen += key
    }
  }
  return { text: text.join(""), seen, end: null }
}

const ends: Readonly<Record<string, (isEmpty: boolean) => Exclude<Typed["end"], null>>> = {
  "\r": () => "done",
  "\n": () => "done",
  "\u0003": () => "interrupted",
  "\u001C": () => "interrupted",
  "\u0004": (isEmpty) => (isEmpty ? "declined" : "done"),
}
