/**
 * The natives behind one record: squeue and sacct print what is pending of an array as `4711_[0-2,8-10:2%4]`, and the
 * components of a heterogeneous job as `4711+0`, `4711+1`.
 */

const sizeMax = 100_000

/**
 * The id of each element; the id itself where it stands for one native, or for a list that was cut short. A heterogeneous
 * job is its first component, which has the id that sbatch printed and runs the script: the others are held, started and
 * ended with it. (22.05: cancel, hold, release, a lost node of another component)
 */
export function membersOf(id: string): string[] {
  const [, job, component] = /^(\d+)\+(\d+)$/.exec(id) ?? []
  if (job !== undefined) return component === "0" ? [job] : []
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
