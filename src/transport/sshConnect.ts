/** One login at one host: route, host key, keys; all with a limit, and each failure under its own name. */
import ssh2 from "ssh2"
import type { Client } from "ssh2"
import type { Clock } from "../clock.ts"
import type { TransportError } from "../errors.ts"
import { deferred } from "./deferred.ts"
import { type KnownHost, judgeHostKey, preferredAlgorithms, readKnownHost } from "./hostKeys.ts"
import { type Limit, limit } from "./limit.ts"
import { type Phase, authError, connectError, connectTimeoutError, isRefusal, lostError } from "./sshErrors.ts"
import { type Asker, asking } from "./sshAsking.ts"
import { loginKeys } from "./sshKeys.ts"
import { type Login, login } from "./sshLogin.ts"
import { type Route, directRoute, forwardedRoute, proxyRoute } from "./sshRoute.ts"
import type { SshConfig } from "./sshConfig.ts"
import { type SshSettings, resolveSettings } from "./sshSettings.ts"

const jumpsMax = 8
/** For the server to close its end. */
const goodbyeMsMax = 1_000

export interface SshContext extends Asker {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** A client that is logged in. */
export interface SshLink {
  readonly client: Client
  readonly settings: SshSettings
  /** Resolves when the connection is gone, with why. */
  readonly closed: Promise<TransportError>
  /** Ends this connection and those that it goes through. */
  close(): Promise<void>
}

/**
 * Throws a TransportError, or the signal's reason. `via`: through this host, and not through those that the OpenSSH
 * configuration names.
 */
export async function connectSsh(config: SshConfig, context: SshContext, via?: SshLink, hops = 0): Promise<SshLink> {
  const settings = await resolveSettings(config)
  const hop = via ?? (await connectJumps(settings, context, hops))
  const timeoutMs = settings.connectTimeoutMs ?? context.timeoutMs
  const progress: Progress = { phase: "route" }
  const onTimeout = (): TransportError => connectTimeoutError(settings, progress.phase, timeoutMs)
  const time = limit(context.clock, timeoutMs, context.signal, onTimeout)
  const { unlocking, answer, unlocked } = asking(context, settings, time)
  try {
    const known = await readKnownHost(settings)
    const attempt = login(settings.user, await time.race(loginKeys(settings, unlocking)), answer)
    // From here to the login nothing waits for anything else: a server that closes at once would not be noticed.
    const route = await openRoute(settings, hop, time)
    const { clock, executor } = context
    return await logIn({ settings, route, hop, known, attempt, time, progress, clock, executor })
  } catch (error) {
    await hop?.close()
    // A server gives a login only so much time (LoginGraceTime); what is typed after it serves another one.
    const isLate = via === undefined && !time.signal.aborted && (await time.race(unlocked()))
    if (isLate) return await connectSsh(config, context, via, hops)
    throw error
  } finally {
    time.end()
  }
}

interface Progress {
  phase: Phase
}

/** The last of the hosts to go through, each reached through the one before it. */
async function connectJumps(settings: SshSettings, context: SshContext, hops: number): Promise<SshLink | undefined> {
  if (hops > jumpsMax) throw connectError(settings, "route", new Error("ProxyJump leads round in a circle."))
  let last: SshLink | undefined
  for (const jump of settings.jumps) last = await connectSsh(jump, context, last, hops + 1)
  return last
}

async function openRoute(settings: SshSettings, hop: SshLink | undefined, time: Limit): Promise<Route> {
  const { proxyCommand } = settings
  const opening =
    hop !== undefined
      ? forwardedRoute(hop.client, settings)
      : proxyCommand !== undefined
        ? proxyRoute(proxyCommand)
        : directRoute(settings, time.signal)
  try {
    return await time.race(opening)
  } catch (error) {
    opening.then((late) => late.close()).catch(() => undefined)
    if (time.signal.aborted) throw time.signal.reason
    throw connectError(settings, "route", error instanceof Error ? error : undefined)
  }
}

interface LoginParts {
  readonly settings: SshSettings
  readonly route: Route
  readonly hop: SshLink | undefined
  readonly known: KnownHost
  readonly attempt: Login
  readonly time: Limit
  readonly progress: Progress
  readonly clock: Clock
  readonly executor: string | null
}

async function logIn(parts: LoginParts): Promise<SshLink> {
  const { settings, route, hop, known, attempt, time, progress, clock, executor } = parts
  const client = new ssh2.Client()
  const closed = deferred<TransportError>()
  const ready = deferred<void>()
  ready.promise.catch(() => undefined)
  let refused: TransportError | undefined
  let first: Error | undefined
  let heard = ""

  progress.phase = "handshake"
  try {
    const fail = (cause: Error | undefined): void => {
      const isRefused = progress.phase === "login" && isRefusal(cause, attempt.tried())
      ready.reject(
        refused ??
          (isRefused
            ? authError(settings, attempt.tried(), cause, executor)
            : connectError(settings, progress.phase, cause, heard)),
      )
    }
    client.on("handshake", () => (progress.phase = "login"))
    client.on("ready", () => {
      progress.phase = "open"
      ready.resolve()
    })
    client.on("error", (error: Error) => {
      first ??= error
      // A key that does not sign is no end: the next one is tried.
      if (!("level" in error && error.level === "agent")) fail(first)
    })
    client.on("close", () => {
      fail(first)
      closed.resolve(lostError(settings, first))
    })
    route.stream.once("data", (chunk: Buffer) => (heard = chunk.toString("latin1", 0, 200)))
    client.connect({
      sock: route.stream,
      username: settings.user,
      hostVerifier: (key: Buffer) => (refused = judgeHostKey(known, key)) === undefined,
      algorithms: { serverHostKey: preferredAlgorithms(known, settings.hostKeyAlgorithms) },
      authHandler: attempt.handler,
      keepaliveInterval: settings.aliveIntervalMs,
      keepaliveCountMax: settings.aliveCountMax,
      readyTimeout: 0,
    })
    await time.race(ready.promise)
  } catch (error) {
    client.destroy()
    route.close()
    throw error
  }
  const close = async (): Promise<void> => {
    client.end()
    await Promise.race([closed.promise, clock.sleep(goodbyeMsMax)])
    client.destroy()
    route.close()
    await hop?.close()
  }
  return { client, settings, closed: closed.promise, close }
}
