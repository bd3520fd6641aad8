/** What can go wrong on the way to a host, as errors with a code and a class. */
import { firstLine } from "../command.ts"
import { TransportError } from "../errors.ts"
import type { LoginAttempts } from "./sshLogin.ts"
import type { SshSettings } from "./sshSettings.ts"

/** How far a connection had come. */
export type Phase = "route" | "handshake" | "login" | "open"

type Facts = Readonly<{ code: string; summary: string; advice: string }>

const bySystemCode: Readonly<Record<string, (where: string) => Facts>> = {
  ECONNREFUSED: (where) => ({
    code: "CONNECTION_REFUSED",
    summary: `${where} refused the connection.`,
    advice: "Check host and port; if they are right, the login node's sshd is down.",
  }),
  ENOTFOUND: nameNotFound,
  EAI_AGAIN: nameNotFound,
  ENODATA: nameNotFound,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  ENETDOWN: noRoute,
  EHOSTDOWN: noRoute,
  ETIMEDOUT: timedOut,
}

/** For anything that went wrong before the login was through. `heard`: the first that the other side said. */
export function connectError(
  settings: SshSettings,
  phase: Phase,
  cause: Error | undefined,
  heard = "",
): TransportError {
  const where = address(settings)
  const systemCode = cause !== undefined && "code" in cause ? String(cause.code) : ""
  const known = phase === "route" ? bySystemCode[systemCode]?.(where) : undefined
  const reason = cause?.message
  if (known !== undefined) return transient(known, cause)
  if (cause !== undefined && "level" in cause && cause.level === "handshake") {
    return new TransportError("NO_COMMON_ALGORITHM", {
      summary: `${where} and this transport have no algorithm in common.`,
      reason,
      advice: "Try transport: openssh for this host.",
      class: "auth",
      cause,
    })
  }
  if (phase === "handshake" && heard !== "" && !/^SSH-/m.test(heard) && !refusesForNow.test(heard)) {
    return notSshError(where, heard, cause)
  }
  if (phase === "handshake" || phase === "route") return closedEarlyError(where, heard, cause)
  return transient(
    { code: "CONNECTION_LOST", summary: `The connection to ${where} was lost during the login.`, advice: "Try again." },
    cause,
  )
}

/** sshd's own words, in place of its name, since OpenSSH 9.8. */
const refusesForNow = /^(Exceeded MaxStartups|Not allowed at this time)/

function notSshError(where: string, heard: string, cause: Error | undefined): TransportError {
  return new TransportError("NOT_SSH", {
    summary: `What answers at ${where} is not an SSH server.`,
    reason: `It said: ${firstLine(heard.replace(/[^ -~\n]/g, "."))}`,
    advice: "Check host and port.",
    class: "transient",
    cause,
  })
}

/** MaxStartups, a penalty of sshd, or a firewall: all of them close before a word was said. */
function closedEarlyError(where: string, heard: string, cause: Error | undefined): TransportError {
  return new TransportError("CLOSED_EARLY", {
    summary: `${where} closed the connection before the login.`,
    reason: refusesForNow.test(heard) ? firstLine(heard) : cause?.message,
    advice: "Its sshd has too many logins under way (MaxStartups), or does not want this machine.",
    class: "busy",
    cause,
  })
}

export function connectTimeoutError(settings: SshSettings, phase: Phase, timeoutMs: number): TransportError {
  const until = { route: "take the connection", handshake: "say who it is", login: "answer the login", open: "answer" }
  return new TransportError("CONNECT_TIMEOUT", {
    summary: `${address(settings)} did not ${until[phase]} within ${timeoutMs / 1_000} s.`,
    advice: "It may be overloaded, or a firewall drops what is sent to it.",
    class: "transient",
  })
}

/**
 * During the login: did the server say no, or did the connection break before it said anything? One that is closed
 * without a word refuses only if it has refused before: a second key is offered where the first one was not taken.
 */
export function isRefusal(cause: Error | undefined, { offered }: Pick<LoginAttempts, "offered">): boolean {
  if (cause === undefined) return offered.length > 1
  // The number in sshd's own goodbye ("Too many authentication failures"); a broken socket has a name there.
  if (!("level" in cause)) return "code" in cause && typeof cause.code === "number"
  return cause.level === "client-authentication" || cause.level === "agent"
}

/** `executor`: whom `hawser doctor` would ask about. `PERSON_NEEDED`: a passphrase would open the way. */
export function authError(
  settings: SshSettings,
  attempts: LoginAttempts,
  cause: Error | undefined,
  executor: string | null = null,
): TransportError {
  const { offered, skipped, locked, accepted } = attempts
  const lockedNote = [...locked].map(([path, why]) => `${path}: ${why}`)
  const certificates = settings.certificateFiles.map((path) => `${path}: this transport can't use certificates`)
  const notes = [...lockedNote, ...skipped, ...certificates]
  const isSaid = cause?.message.startsWith("All configured") || [...locked.values()].includes(cause?.message ?? "")
  const reasons = [
    isSaid ? undefined : cause?.message,
    offered.length > 0 ? `Refused: ${offered.join(", ")}.` : "There was no key to offer.",
    notes.length > 0 ? `Not offered: ${notes.join("; ")}.` : undefined,
    accepted.length > 0 ? `The server takes: ${accepted.join(", ")}.` : undefined,
  ]
  const advice =
    locked.size > 0
      ? unlockAdvice([...locked.keys()].join(" "), executor)
      : `Check user and identityFile; \`ssh -v${portOption(settings)} ${settings.user}@${settings.host}\` shows what OpenSSH does.`
  return new TransportError(locked.size > 0 ? "PERSON_NEEDED" : "AUTH_FAILED", {
    summary: `${address(settings)} did not let ${settings.user} log in.`,
    reason: reasons.filter((part) => part !== undefined).join(" "),
    advice,
    class: "auth",
    cause,
  })
}

function unlockAdvice(paths: string, executor: string | null): string {
  const doctor =
    executor === null ? "" : `Run on a terminal, to be asked for the passphrase: hawser doctor ${executor}. Or: `
  return `${doctor === "" ? "Run: " : doctor}ssh-add ${paths}`
}

/** For a connection that was open. */
export function lostError(settings: SshSettings, cause: Error | undefined): TransportError {
  const where = address(settings)
  if (cause?.message === "Keepalive timeout") {
    const seconds = (settings.aliveIntervalMs * settings.aliveCountMax) / 1_000
    return transient(
      {
        code: "PEER_DEAD",
        summary: `${where} has not answered for ${seconds} s; the connection was given up.`,
        advice: "The network or the login node is down. Jobs are not affected.",
      },
      undefined,
    )
  }
  return transient(
    { code: "CONNECTION_LOST", summary: `The connection to ${where} was lost.`, advice: "Jobs are not affected." },
    cause,
  )
}

export function channelError(settings: SshSettings, cause: Error): TransportError {
  return new TransportError("TOO_MANY_CHANNELS", {
    summary: `${address(settings)} allows no further channel on this connection.`,
    reason: cause.message,
    advice: "sshd limits them by MaxSessions.",
    class: "busy",
    cause,
  })
}

function portOption({ port }: SshSettings): string {
  return port === 22 ? "" : ` -p ${port}`
}

function address({ hostname, port }: SshSettings): string {
  return `${hostname}:${port}`
}

function transient(facts: Facts, cause: Error | undefined): TransportError {
  const { code, summary, advice } = facts
  return new TransportError(code, { summary, reason: cause?.message, advice, class: "transient", cause })
}

function nameNotFound(where: string): Facts {
  return {
    code: "NAME_NOT_FOUND",
    summary: `The name of ${where} can't be resolved.`,
    advice: "Check host, and whether this machine is on the right network (VPN).",
  }
}

function noRoute(where: string): Facts {
  return {
    code: "NO_ROUTE",
    summary: `There is no way to ${where} from here.`,
    advice: "Check the network (VPN, firewall).",
  }
}

function timedOut(where: string): Facts {
  return {
    code: "CONNECT_TIMEOUT",
    summary: `${where} did not take the connection in time.`,
    advice: "It may be down, or a firewall drops what is sent to it.",
  }
}
