/** The elements behind one record: squeue and sacct print what is pending of an array as `4711_[0-2,8-10:2%4]`. */

const sizeMax = 100_000

/** The id of each element; the id itself where it stands for one native, or for a list that was cut short. */
export function elementsOf(id: string): string[] {
  const [, array, list] = /^(\d+)_\[([\d,:-]+)(?:%\d+)?\]$/.exec(id) ?? []
  if (array === undefined || list === undefined) return [id]
  const elements: string[] = []
  for (const part of list.split(",")) {
    const [, first, last, step] = /^(\d{1,8})(?:-(\d{1,8})(?::(\d{1,8}))?)?$/.exec(part) ?? []
    if (first === undefined) return [id]
    const stride = Math.max(1, Number(step ?? 1))
    for (let index = Number(first); index <= Number(last ?? first); index += stride) {
      if (elements.push(`${array}_${index}`) > sizeMax) return [id]
    }
  }
  return elements
}
