/** Numbers of signals, as names: Linux's on everything but MIPS, Alpha and SPARC. (signal(7)) */

const names: Readonly<Record<number, string>> = {
  1: "HUP",
  2: "INT",
  3: "QUIT",
  4: "ILL",
  5: "TRAP",
  6: "ABRT",
  7: "BUS",
  8: "FPE",
  9: "KILL",
  10: "USR1",
  11: "SEGV",
  12: "USR2",
  13: "PIPE",
  14: "ALRM",
  15: "TERM",
  24: "XCPU",
  25: "XFSZ",
}

/** Without SIG; the number itself where it has no name here. */
export function signalName(number: number): string {
  return names[number] ?? String(number)
}
