/** Our home on the other side, as data: what `remote/layout.ts` says stands there. */

/** Something that one host made, and others see a while later. */
export interface Made<T> {
  readonly value: T
  /** When the login node sees it, ms on the timeline. */
  readonly seenAt: number
}

/** What stands beside the lock of one submission. */
export interface Answer {
  readonly code: number
  readonly stdout: string
}

export interface JobFolder {
  /** Those that were staged, by name; `token` makes it a job directory. */
  readonly files: ReadonlyMap<string, string>
  /** When compute nodes see it. */
  readonly seenOnNodesAt: number
  /** By start: the owner. Creation is exclusive for all hosts at once; only a listing lags. */
  readonly guards: Map<number, Made<string>>
  /** By start: the record's text. */
  readonly started: Map<number, Made<string>>
  readonly exits: Map<number, Made<string>>
  /** What the payload has left in `work/`, by name. */
  readonly work: Map<string, Made<string>>
  /** By try: what the submission wrote to stderr. */
  readonly locks: Map<number, string>
  readonly answers: Map<number, Answer>
}

/** A file of a job's results, as one host sees it. */
export interface ResultFile {
  readonly name: string
  readonly text: string
}

export class Home {
  readonly path: string
  readonly owners: Map<number, string> = new Map()
  readonly jobs: Map<string, JobFolder> = new Map()
  /** Hints, and when the login node sees them. */
  readonly events: Map<string, number> = new Map()
  /** Tokens whose job directory was removed. */
  readonly removed: Set<string> = new Set()
  /** No room on its file system. */
  isFull = false

  constructor(path: string) {
    this.path = path
  }

  get highestOwner(): number {
    return Math.max(0, ...this.owners.keys())
  }
}

export function jobFolder(files: ReadonlyMap<string, string>, seenOnNodesAt: number): JobFolder {
  return {
    files,
    seenOnNodesAt,
    guards: new Map(),
    started: new Map(),
    exits: new Map(),
    work: new Map(),
    locks: new Map(),
    answers: new Map(),
  }
}

/** What the login node sees at this time. */
export function seen<T>(made: ReadonlyMap<number, Made<T>>, now: number): [number, T][] {
  return [...made].flatMap(([number, { value, seenAt }]): [number, T][] => (seenAt <= now ? [[number, value]] : []))
}

/** Takes the guard unless somebody has it. Returns who has it now. */
export function takeGuard(folder: JobFolder, start: number, owner: string, seenAt: number): string {
  const held = folder.guards.get(start)
  if (held !== undefined) return held.value
  folder.guards.set(start, { value: owner, seenAt })
  return owner
}

/** Whether the wrapper was told to end, by this exit record, or may have been next. */
export function wasStopped(record: string): boolean {
  return /^(wrapper .*|signal TERM|signal KILL|code 143|code 137)$/m.test(record)
}
