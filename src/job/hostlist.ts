/** Lists of hosts as managers write them: `n[1-3,7]`, `row[0-1]_rack[2-3]`, `a1,b2`. */

const hostsMax = 65_536
const groupsMax = 8

/**
 * Each host, in the order of the list; with two groups in one name the first counts slowest. Leading zeros are kept. Null:
 * it is no such list, or one of more hosts than any job has, and is left as it is.
 */
export function hostsIn(text: string): readonly string[] | null {
  const hosts: string[] = []
  for (const part of partsOf(text)) {
    const some = namesIn(part.trim(), hostsMax - hosts.length, groupsMax)
    if (some === null) return null
    hosts.push(...some)
  }
  return hosts
}

/** At the commas that stand in no brackets. Empty parts mean nothing. */
function partsOf(text: string): string[] {
  return text.split(/,(?![^[\]]*\])/).filter((part) => part.trim() !== "")
}

function namesIn(part: string, max: number, groups: number): readonly string[] | null {
  const [, head = "", list, tail = ""] = /^([^[\]]*)(?:\[([^[\]]*)\](.*))?$/s.exec(part) ?? []
  if (list === undefined) return max < 1 || part.includes("[") || part.includes("]") ? null : [head]
  const numbers = groups === 0 ? null : numbersIn(list, max)
  if (numbers === null) return null
  const ends = tail === "" ? [""] : namesIn(tail, Math.floor(max / numbers.length), groups - 1)
  return ends === null ? null : numbers.flatMap((number) => ends.map((end) => head + number + end))
}

/** `1-3,07`: as many digits as the first number of a range has. */
function numbersIn(list: string, max: number): readonly string[] | null {
  const numbers: string[] = []
  for (const part of list.split(",")) {
    const [, first, last] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part) ?? []
    if (first === undefined) return null
    const [from, to] = [Number(first), Number(last ?? first)]
    if (to < from || to - from >= max - numbers.length) return null
    for (let number = from; number <= to; number += 1) numbers.push(String(number).padStart(first.length, "0"))
  }
  return numbers
}
