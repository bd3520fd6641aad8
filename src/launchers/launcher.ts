/** The interface of a launcher: how a command becomes several processes inside an attempt. Pure. */
import type { JobSpec } from "../job/index.ts"

export interface Launcher {
  readonly name: string
  /** The argv that starts `argv` as `spec.resources.tasks` processes. */
  wrap(argv: readonly string[], spec: JobSpec): readonly string[]
}
