/** What a user writes for a job, in the library and as a line of a batch file. docs/spec.md tells every field. */
import type { MailEvent } from "./resources.ts"
import type { Cause } from "./state.ts"
import type { Dependency, SecretReference } from "./spec.ts"

/** Every field may be absent; null says the same. Exactly one of `command` and `script` is needed. */
export interface UserSpec {
  readonly key?: Maybe<string>
  /** Which executor takes it; `-e` and the config's default where nothing is said. */
  readonly executor?: Maybe<string>
  readonly name?: Maybe<string>
  /**
   * Many jobs, `key[0]` to `key[9]`: `"0-9"`, `"1,3,8-20:4"`, `"0-99%10"` (ten at once), or a list. `hawser batch`, `hawser
   * submit --array` and `submitArray` take it.
   */
  readonly array?: Maybe<string | number | readonly number[]>
  readonly command?: Maybe<readonly string[]>
  readonly script?: Maybe<string>
  readonly env?: Maybe<Readonly<Record<string, string | number | SecretReference>>>
  readonly inputs?: Maybe<readonly (string | { readonly from: string; readonly to?: Maybe<string> })[]>
  readonly outputs?: Maybe<readonly string[]>
  readonly stdin?: Maybe<string>
  readonly prologue?: Maybe<string | readonly string[]>
  readonly epilogue?: Maybe<string | readonly string[]>
  readonly modules?: Maybe<readonly string[]>
  readonly container?: Maybe<string | UserContainer>
  readonly launcher?: Maybe<string | UserLauncher>
  readonly native?: Maybe<readonly string[]>
  readonly resources?: Maybe<UserResources>
  readonly after?: Maybe<readonly (string | { readonly job: string; readonly when?: Maybe<Dependency["when"]> })[]>
  readonly retry?: Maybe<UserRetry>
  /** Sent to the payload that long before its walltime is over; `before` as a walltime. */
  readonly signal?: Maybe<{ readonly name: "USR1" | "USR2" | "XCPU"; readonly before: number | string }>
  readonly into?: Maybe<string>
  /** A span with its unit: `12h`. */
  readonly giveUpAfter?: Maybe<string>
}

export interface UserResources {
  readonly nodes?: Maybe<number | string>
  readonly tasks?: Maybe<number | string>
  readonly tasksPerNode?: Maybe<number | string>
  readonly cpusPerTask?: Maybe<number | string>
  /** Per node: `4G`; a bare number is MiB. */
  readonly memory?: Maybe<number | string>
  readonly memoryPerCpu?: Maybe<number | string>
  /** Per node: 2, `a100:2`. */
  readonly gpus?: Maybe<number | string | { readonly count: number; readonly type?: Maybe<string> }>
  /** `2h30m`, `1:30:00`; a bare number is minutes. */
  readonly walltime?: Maybe<number | string>
  readonly queue?: Maybe<string>
  readonly account?: Maybe<string>
  readonly qos?: Maybe<string>
  readonly reservation?: Maybe<string>
  readonly constraint?: Maybe<string>
  readonly exclusive?: Maybe<boolean>
  readonly mail?: Maybe<
    string | { readonly user?: Maybe<string>; readonly on?: Maybe<MailEvent | readonly MailEvent[]> }
  >
  readonly begin?: Maybe<string>
}

export interface UserLauncher {
  /** Default: `auto`. */
  readonly name?: Maybe<string>
  readonly bind?: Maybe<"core" | "socket" | "numa" | "none">
  readonly oversubscribe?: Maybe<boolean>
  /** `ranks/0.out`, `ranks/0.err` and so on in the working directory; they come back as outputs do. */
  readonly outputPerRank?: Maybe<boolean>
  /** The launcher's own. */
  readonly options?: Maybe<readonly string[]>
}

export interface UserContainer {
  readonly image: string
  readonly runtime?: Maybe<"apptainer" | "podman">
  readonly options?: Maybe<readonly string[]>
}

export interface UserRetry {
  /** Only beside `requeue` alone it may be left out; then it is 1. */
  readonly maxAttempts?: Maybe<number>
  readonly on?: Maybe<readonly (Cause | { readonly exitCode: number | readonly number[] })[]>
  /** Spans with their unit: `30s`; factor 2 and at most an hour where nothing else is said. */
  readonly backoff?: Maybe<
    string | { readonly first: string; readonly factor?: Maybe<number | string>; readonly max?: Maybe<string> }
  >
  readonly escalate?: Maybe<UserEscalation>
  /** Globs, as in `outputs`: carried into the working directory of the next attempt. */
  readonly checkpoint?: Maybe<readonly string[]>
  /** The manager may start an attempt again by itself, in the same working directory. */
  readonly requeue?: Maybe<boolean>
}

export interface UserEscalation {
  /** A factor for each attempt that ended by itself or at a limit; `max` as in resources. */
  readonly memory?: Maybe<UserGrowth>
  readonly walltime?: Maybe<UserGrowth>
  /** A list is used in turn, and its last one stays. */
  readonly queue?: Maybe<string | readonly string[]>
  readonly excludeNodes?: Maybe<boolean>
}

type UserGrowth = number | string | { readonly factor: number | string; readonly max?: Maybe<number | string> }

type Maybe<T> = T | null | undefined
