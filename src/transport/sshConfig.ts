/** What is said of a host: by our own config, and by the configuration of OpenSSH. */

/** What a user may say of a host. `host` may be an alias of the OpenSSH configuration. */
export interface SshConfig {
  readonly host: string
  readonly port?: number | undefined
  readonly user?: string | undefined
  /** Instead of those of the OpenSSH configuration. */
  readonly identityFile?: string | undefined
  readonly knownHostsFile?: string | undefined
  /** An OpenSSH configuration instead of the user's own. */
  readonly configFile?: string | undefined
}

/** Keywords in lower case, each with its values in order: the form in which `ssh -G` prints. */
export type Keywords = ReadonlyMap<string, readonly string[]>
