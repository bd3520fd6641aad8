/** Times as Grid Engine prints them, which we have it do in UTC. */

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** `2026-11-21T01:48:16` (qstat), `Sat Nov 21 01:48:20 2026` (qacct), `11/21/2026 01:48:20.123` (Univa's qacct); else null. */
export function millis(text: string): number | null {
  const at = Date.parse(`${isoOf(text)}Z`)
  // 1970 stands for a time that is not known.
  return Number.isNaN(at) || at <= 0 ? null : at
}

function isoOf(text: string): string {
  const [, weekday] = /^\w{3} (\w{3} +\d{1,2} \d\d:\d\d:\d\d \d{4})$/.exec(text) ?? []
  if (weekday !== undefined) {
    const [month = "", day = "", time = "", year = ""] = weekday.split(/ +/)
    return `${year}-${two(months.indexOf(month) + 1)}-${day.padStart(2, "0")}T${time}`
  }
  const [, month, day, year, time] = /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d:\d\d:\d\d)(?:\.\d+)?$/.exec(text) ?? []
  if (month !== undefined) return `${year}-${month}-${day}T${time}`
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.exec(text)?.[0] ?? ""
}

/** `202611210148`: how qacct takes a time. Seconds since 1970. */
export function minuteOf(seconds: number): string {
  return new Date(Math.max(0, Math.floor(seconds)) * 1000).toISOString().replaceAll(/[-T:]/g, "").slice(0, 12)
}

function two(number: number): string {
  return String(number).padStart(2, "0")
}
