import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type KnownHost, fingerprint, judgeHostKey, preferredAlgorithms } from "../../src/transport/hostKeys.ts"
import { knownKeys, lookupName } from "../../src/transport/knownHosts.ts"

const hasKeygen = spawnSync("ssh-keygen", ["-?"]).error === undefined

describe.skipIf(!hasKeygen)(hasKeygen ? "host keys" : "host keys (skipped: no ssh-keygen)", () => {
  let directory = ""
  const keys: Record<string, string> = {}
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "hawser-known-"))
    for (const [name, type] of Object.entries({ first: "ed25519", second: "ed25519", third: "ecdsa", rsa: "rsa" })) {
      execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "", "-f", join(directory, name)])
      keys[name] = readFileSync(join(directory, `${name}.pub`), "utf8").trim()
    }
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  const blob = (name: string): Buffer => Buffer.from(keys[name]?.split(" ")[1] ?? "", "base64")
  const known = (text: string, name: string): KnownHost => ({ name, keys: knownKeys(text, "kh", name), file: "kh" })

  test("the known key is accepted, under each way of writing the host", () => {
    for (const hosts of ["login", "other,login", "LOGIN", "log?n", "l*", "*,!elsewhere"]) {
      expect(judgeHostKey(known(`# comment\n\n${hosts} ${keys["first"]}\n`, "login"), blob("first"))).toBeUndefined()
    }
  })

  test("another key of the same type is a changed key, told with both fingerprints, file and line", () => {
    const error = judgeHostKey(known(`x y\nlogin ${keys["first"]}\n`, "login"), blob("second"))
    expect(error).toMatchObject({ code: "HOST_KEY_CHANGED", class: "auth" })
    expect(error?.message).toContain("host key")
    expect(error?.message).toContain(fingerprint(blob("first")))
    expect(error?.message).toContain(fingerprint(blob("second")))
    expect(error?.message).toContain("kh:2")
    expect(error?.advice).toContain("ssh-keygen -R 'login' -f kh")
  })

  test("a host that is not listed, or is excluded, is unknown, and the advice names the command", () => {
    for (const hosts of ["elsewhere", "*,!login", "login.example.org", "[login]:2222"]) {
      const error = judgeHostKey(known(`${hosts} ${keys["first"]}\n`, "login"), blob("first"))
      expect(error).toMatchObject({ code: "HOST_KEY_UNKNOWN", class: "auth" })
      expect(error?.message).toContain("host key")
      expect(error?.message).toContain(fingerprint(blob("first")))
      expect(error?.advice).toContain("ssh-keyscan -t ed25519 login >> kh")
    }
  })

  test("a key of another type than the known ones is unknown, not changed", () => {
    const error = judgeHostKey(known(`login ${keys["third"]}\n`, "login"), blob("first"))
    expect(error).toMatchObject({ code: "HOST_KEY_UNKNOWN" })
    expect(error?.reason).toContain("ecdsa-sha2-nistp256")
  })

  test("a revoked key is refused even where another line knows it", () => {
    const text = `login ${keys["first"]}\n@revoked * ${keys["first"]}\n`
    expect(judgeHostKey(known(text, "login"), blob("first"))).toMatchObject({ code: "HOST_KEY_REVOKED", class: "auth" })
  })

  test("an authority for host certificates is said to be of no use here", () => {
    const error = judgeHostKey(known(`@cert-authority *.org ${keys["first"]}\n`, "login.org"), blob("first"))
    expect(error).toMatchObject({ code: "HOST_KEY_UNKNOWN" })
    expect(error?.reason).toContain("certificates")
  })

  test("the host is asked first for the types of key that are known", () => {
    const host = known(`login ${keys["rsa"]}\nlogin ${keys["third"]}\n`, "login")
    expect(preferredAlgorithms(host, []).slice(0, 4)).toEqual([
      "rsa-sha2-512",
      "rsa-sha2-256",
      "ecdsa-sha2-nistp256",
      "ssh-ed25519",
    ])
    expect(preferredAlgorithms(host, ["ssh-ed25519", "rsa-sha2-256"])).toEqual(["rsa-sha2-256", "ssh-ed25519"])
  })

  test("entries are found where ssh-keygen finds them, hashed ones too", () => {
    const file = join(directory, "known_hosts")
    const names = ["login", "login.example.org", "[login]:2222", "10.0.0.1", "[10.0.0.1]:22", "elsewhere"]
    writeFileSync(
      file,
      [
        `login ${keys["first"]}`,
        `login.example.org,10.0.0.1 ${keys["second"]}`,
        `[login]:2222 ${keys["third"]}`,
        `*.example.org ${keys["rsa"]}`,
        `@revoked login ${keys["rsa"]}`,
      ].join("\n") + "\n",
    )
    const agrees = (): void => {
      for (const name of names) {
        const { stdout } = spawnSync("ssh-keygen", ["-F", name, "-f", file], { encoding: "utf8" })
        const lines = [...stdout.matchAll(/found: line (\d+)/g)].map((match) => Number(match[1]))
        expect(knownKeys(readFileSync(file, "utf8"), file, name).map(({ line }) => line)).toEqual(lines)
      }
    }
    agrees()
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" })
    expect(readFileSync(file, "utf8")).toContain("|1|")
    agrees()
  })

  test("the fingerprint is the one that OpenSSH prints", () => {
    const printed = execFileSync("ssh-keygen", ["-l", "-f", join(directory, "first.pub")], { encoding: "utf8" })
    expect(printed).toContain(` ${fingerprint(blob("first"))} `)
  })
})

test("a host is looked up with its port where that is not 22", () => {
  expect([lookupName("Login", 22), lookupName("login", 2222)]).toEqual(["login", "[login]:2222"])
})
