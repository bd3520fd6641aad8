import { expect, test } from "vitest"
import { connectError, isRefusal, lostError } from "../../src/transport/sshErrors.ts"
import { resolveSettings } from "../../src/transport/sshSettings.ts"

const settings = await resolveSettings({ host: "login", port: 2222, configFile: "/dev/null" })
const systemError = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code })

test.for([
  ["ECONNREFUSED", "CONNECTION_REFUSED", "transient"],
  ["EHOSTUNREACH", "NO_ROUTE", "transient"],
  ["ENETUNREACH", "NO_ROUTE", "transient"],
  ["ENOTFOUND", "NAME_NOT_FOUND", "transient"],
  ["EAI_AGAIN", "NAME_NOT_FOUND", "transient"],
  ["ETIMEDOUT", "CONNECT_TIMEOUT", "transient"],
  ["ECONNRESET", "CLOSED_EARLY", "busy"],
])("a connection that ends with %s is %s", ([cause = "", code, kind]) => {
  const error = connectError(settings, "route", systemError(cause))
  expect(error).toMatchObject({ code, class: kind, reason: `connect ${cause}` })
  expect(error.summary).toContain("login:2222")
  expect(error.message.split("\n")).toHaveLength(3)
})

test("what sshd says instead of its name tells whether it is one", () => {
  const said = (heard: string): unknown => connectError(settings, "handshake", undefined, heard)
  expect(said("HTTP/1.1 400 Bad Request\r\n")).toMatchObject({
    code: "NOT_SSH",
    reason: "It said: HTTP/1.1 400 Bad Request.",
  })
  expect(said("Exceeded MaxStartups\r\n")).toMatchObject({ code: "CLOSED_EARLY", class: "busy" })
  expect(said("Not allowed at this time\r\n")).toMatchObject({ code: "CLOSED_EARLY", class: "busy" })
  expect(said("SSH-2.0-OpenSSH_9.2\r\n")).toMatchObject({ code: "CLOSED_EARLY", class: "busy" })
})

test("algorithms that don't meet need a person", () => {
  const cause = Object.assign(new Error("Handshake failed: no matching key exchange algorithm"), { level: "handshake" })
  expect(connectError(settings, "handshake", cause)).toMatchObject({ code: "NO_COMMON_ALGORITHM", class: "auth" })
})

test("a dead peer is told from a lost connection", () => {
  expect(lostError(settings, new Error("Keepalive timeout"))).toMatchObject({ code: "PEER_DEAD", class: "transient" })
  expect(lostError(settings, systemError("ECONNRESET"))).toMatchObject({ code: "CONNECTION_LOST", class: "transient" })
})

test.for([
  ["all keys refused", Object.assign(new Error("All configured"), { level: "client-authentication" }), ["a"], true],
  ["a key that does not sign", Object.assign(new Error("agent"), { level: "agent" }), ["a"], true],
  ["sshd's goodbye", Object.assign(new Error("Too many authentication failures"), { code: 2 }), ["a"], true],
  ["closed without a word after a key was refused", undefined, ["a", "b"], true],
  ["closed without a word", undefined, ["a"], false],
  ["closed before a key was offered", undefined, [], false],
  ["reset", Object.assign(systemError("ECONNRESET"), { level: "client-socket" }), ["a"], false],
  ["silent", Object.assign(new Error("Keepalive timeout"), { level: "client-timeout" }), ["a"], false],
] as const)("a login that ends with %s: refused or not", ([, cause, offered, isRefused]) => {
  expect(isRefusal(cause, { offered })).toBe(isRefused)
})
