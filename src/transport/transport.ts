/** The interface of a transport: how we reach `sh` on a host. Anything that gives us `sh` is a transport. */
import type { Readable, Writable } from "node:stream"

export interface Transport {
  /** For people: `me@login.example.org:22`, `this machine`. */
  readonly address: string
  /**
   * One connection. Throws a TransportError: `auth` (host key, login: a person must act), `transient` (refused, no
   * route, name not found, dead peer), `busy` (MaxStartups).
   *
   * `timeoutMs`: for the way to a login, without the time that a person takes to answer a prompt.
   */
  connect(signal?: AbortSignal, options?: { readonly timeoutMs?: number }): Promise<Connection>
  /**
   * Calls `onName` with each name that comes up in this directory, until the returned function is called. Where there
   * is no such thing the directory has to be listed, and it has to be now and then in any case: names may be missed.
   */
  watch?(directory: string, onName: (name: string) => void): () => void
}

export interface Connection extends AsyncDisposable {
  /**
   * A fresh `/bin/sh` that reads commands from stdin, in the login environment of the user. Throws a TransportError:
   * `busy` when the server allows no further channel (MaxSessions), `transient` when the connection is gone.
   *
   * `login: false`: without the login environment, for accounts whose startup files end the shell.
   */
  channel(signal?: AbortSignal, options?: { readonly login?: boolean }): Promise<Channel>
  /** Resolves when the connection is gone, with why. Never rejects. */
  readonly closed: Promise<Error>
  /** A channel takes round trips, and no login of its own: those that will be needed are worth opening ahead. */
  readonly opensAhead?: boolean
}

export interface Channel {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves, never rejects, when the shell has ended and its output was delivered. Null exit code: it never told one. */
  readonly exit: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>
  /** Ends the channel at once. The command on the other side may live on. */
  destroy(): void
}
