/** Where the controller's own words go: lines of JSON in its log, by pino. */
import { pino } from "pino"
import type { Log } from "../hawser.ts"

/** To stderr, which is `<state>/log/controller.log` for a controller in the background. HAWSER_LOG sets the level. */
export function controllerLog(): Log {
  return pino({ level: process.env["HAWSER_LOG"] ?? "info", base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }))
}

/** A command in the foreground says what it has to say itself. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
