/** Errors on their way over the socket: a HawserError becomes plain data, and is one again on the other side. */
import {
  type ErrorClass,
  type ErrorFacts,
  HawserError,
  SchedulerError,
  StoreError,
  TransportError,
  UsageError,
  asHawserError,
} from "../errors.ts"
import type { PlainError } from "../hawser.ts"

/** Anything thrown, as plain data. Causes and stacks stay on this side. */
export function toPlain(error: unknown): PlainError {
  const { name, code, class: kind, summary, reason, advice } = asHawserError(error)
  return { name, code, class: kind, summary, reason: reason ?? null, advice: advice ?? null }
}

/** The same error again: class by name, code, and the three lines. What this version does not know becomes transient. */
export function fromPlain(plain: PlainError): HawserError {
  const make = makers[plain.name] ?? ((code, facts) => new HawserError(code, facts))
  return make(plain.code, {
    summary: plain.summary,
    reason: plain.reason ?? undefined,
    advice: plain.advice ?? undefined,
    class: isErrorClass(plain.class) ? plain.class : "transient",
  })
}

/** The controller is not there, or not any more. Nothing is known of what was asked and not answered. */
export function controllerGone(reason: string, cause?: unknown): TransportError {
  return new TransportError("CONTROLLER_GONE", {
    summary: "The controller does not answer any more.",
    reason,
    advice: "Jobs go on. Ask again: that starts a controller, which finds them.",
    class: "transient",
    cause,
  })
}

/** A person ended the controller. Waits end too, and do not start another one. */
export function controllerEnded(reason: string): TransportError {
  return new TransportError("CONTROLLER_ENDED", {
    summary: "The controller was ended.",
    reason,
    advice: "Jobs go on. Ask again when you want to go on: that starts a controller, which finds them.",
    class: "transient",
  })
}

const makers: Readonly<Record<string, (code: string, facts: ErrorFacts) => HawserError>> = {
  UsageError: (code, facts) => new UsageError(code, facts),
  TransportError: (code, facts) => new TransportError(code, facts),
  SchedulerError: (code, facts) => new SchedulerError(code, facts),
  StoreError: (code, facts) => new StoreError(code, facts),
}

const errorClasses: Readonly<Record<ErrorClass, true>> = {
  transient: true,
  busy: true,
  "in-doubt": true,
  limit: true,
  auth: true,
  rejected: true,
  "unknown-job": true,
  gone: true,
}

function isErrorClass(name: string): name is ErrorClass {
  return Object.hasOwn(errorClasses, name)
}
