import ssh2 from "ssh2"
import { expect, test, vi } from "vitest"
import { Keyring } from "../../src/transport/keyring.ts"
import { parseKey, unlockKey } from "../../src/transport/sshKeyFile.ts"

const { private: locked } = ssh2.utils.generateKeyPairSync("ed25519", {
  passphrase: "p",
  cipher: "aes256-ctr",
  rounds: 1,
})
const { private: open } = ssh2.utils.generateKeyPairSync("ed25519")

function opened() {
  const key = parseKey(open)
  if (key instanceof Error) throw key
  return key
}

test("a key is unlocked once for all who want it at a time, and held", async () => {
  const ring = new Keyring()
  const unlock = vi.fn(async () => opened())
  const keys = await Promise.all([ring.key("file", unlock), ring.key("file", unlock)])
  expect(keys).toEqual([await ring.key("file", unlock), keys[0]])
  expect([unlock.mock.calls.length, ring.has("file"), ring.has("another")]).toEqual([1, true, false])
})

test("a failure is not held", async () => {
  const ring = new Keyring()
  await expect(ring.key("file", () => Promise.reject(new Error("nobody")))).rejects.toThrow("nobody")
  expect(ring.has("file")).toBe(false)
  expect(await ring.key("file", async () => opened())).toMatchObject({ type: "ssh-ed25519" })
})

test.each<[string, string[], string | null]>([
  ["right at once", ["p"], null],
  ["right at last", ["x", "y", "p"], null],
  ["wrong three times", ["x", "y", "z", "p"], "the passphrase was wrong 3 times"],
  ["nothing typed", ["", "p"], "no passphrase was given"],
])("a passphrase that is %s", async (_what, answers, why) => {
  const said: string[] = []
  const unlocking = unlockKey(locked, async (instructions) => {
    said.push(instructions)
    return answers[said.length - 1] ?? ""
  })
  if (why === null) expect((await unlocking).isPrivateKey()).toBe(true)
  else await expect(unlocking).rejects.toThrow(why)
  expect(said).toEqual(["", "The passphrase is wrong.", "The passphrase is wrong."].slice(0, said.length))
})
