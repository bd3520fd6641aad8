/** Which config is found, and which state directory goes with it. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { loadConfig, type LoadOptions } from "../../src/config/index.ts"

let top = ""
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), "hawser-config-")))
  put("home/me/.keep")
  put("home/me/project/deep/.keep")
})
afterEach(() => rmSync(top, { recursive: true }))

function put(path: string, text = ""): void {
  mkdirSync(dirname(join(top, path)), { recursive: true })
  writeFileSync(join(top, path), text)
}

/** File and state directory, relative to the top. */
function found(options: LoadOptions & { at?: string } = {}): [file: string | null, state: string] {
  const { at = "home/me/project/deep", env, ...rest } = options
  const { file, stateDirectory } = loadConfig({
    cwd: join(top, at),
    env: { HOME: join(top, "home/me"), ...env },
    ...rest,
  })
  return [file === null ? null : relative(top, file), relative(top, stateDirectory)]
}

const deep = "home/me/project/deep"
const config = "default: local\n"

describe("the config file", () => {
  test("need not exist: there is local, and the state is here", () => {
    expect(found()).toEqual([null, `${deep}/.hawser`])
  })

  test("is searched upwards, and its state stands beside it", () => {
    put("home/me/project/hawser.yaml", config)
    put("home/me/hawser.yaml", config)
    expect(found()).toEqual(["home/me/project/hawser.yaml", "home/me/project/.hawser"])
  })

  test("of the user is taken last, and the state does not stand beside it", () => {
    put("home/me/.config/hawser/hawser.yaml", config)
    expect(found()).toEqual(["home/me/.config/hawser/hawser.yaml", `${deep}/.hawser`])
  })

  test("of the user is the same file when the search comes upon it by itself", () => {
    put("home/me/.config/hawser/hawser.yaml", config)
    put("home/me/.config/hawser/x/.keep")
    const [, state] = found({ at: "home/me/.config/hawser/x" })
    expect(state).toBe("home/me/.config/hawser/x/.hawser")
  })

  test("of the user is looked for below XDG_CONFIG_HOME, unless that is relative", () => {
    put("xdg/hawser/hawser.yaml", config)
    put("home/me/.config/hawser/hawser.yaml", config)
    expect(found({ env: { XDG_CONFIG_HOME: join(top, "xdg") } })[0]).toBe("xdg/hawser/hawser.yaml")
    expect(found({ env: { XDG_CONFIG_HOME: "xdg" } })[0]).toBe("home/me/.config/hawser/hawser.yaml")
  })

  test("that --config names wins over HAWSER_CONFIG, which wins over the search", () => {
    put("home/me/project/hawser.yaml", config)
    put("a.yaml", config)
    put("home/me/b.yaml", config)
    expect(found({ env: { HAWSER_CONFIG: "~/b.yaml" } })).toEqual(["home/me/b.yaml", "home/me/.hawser"])
    expect(found({ env: { HAWSER_CONFIG: "~/b.yaml" }, configFile: "../../../../a.yaml" })).toEqual([
      "a.yaml",
      ".hawser",
    ])
    expect(found({ env: { HAWSER_CONFIG: "" } })[0]).toBe("home/me/project/hawser.yaml")
  })

  test("that is named and missing is an error; so is a folder of that name", () => {
    expect(() => found({ configFile: "no.yaml" })).toThrow(expect.objectContaining({ code: "CONFIG_MISSING" }))
    expect(() => found({ configFile: "." })).toThrow(expect.objectContaining({ code: "CONFIG_MISSING" }))
    expect(() => found({ env: { HAWSER_CONFIG: "no" } })).toThrow(/HAWSER_CONFIG names it/)
  })

  test("that is wrong is an error that names it", () => {
    put("home/me/project/hawser.yaml", "executors: 3\n")
    expect(() => found()).toThrow(/project\/hawser\.yaml:1:1: executors is 3/)
  })

  test.skipIf(process.getuid?.() !== 0)(
    "of a stranger in a folder open to all is not used; in a closed one it is",
    async () => {
      const { chownSync } = await import("node:fs")
      put("shared/hawser.yaml", config)
      put("shared/mine/.keep")
      chownSync(join(top, "shared/hawser.yaml"), 12_345, 12_345)
      chmodSync(join(top, "shared"), 0o1777)
      expect(() => found({ at: "shared/mine" })).toThrow(expect.objectContaining({ code: "CONFIG_UNTRUSTED" }))
      chmodSync(join(top, "shared"), 0o755)
      expect(found({ at: "shared/mine" })[0]).toBe("shared/hawser.yaml")
    },
  )
})

describe("the state directory", () => {
  test("that --state names wins over HAWSER_STATE, which wins over all else", () => {
    put("home/me/project/hawser.yaml", config)
    expect(found({ env: { HAWSER_STATE: "s" } })[1]).toBe(`${deep}/s`)
    expect(found({ env: { HAWSER_STATE: "s" }, stateDirectory: "../t" })[1]).toBe("home/me/project/t")
  })

  test("is the nearest one upwards where there is no config", () => {
    put("home/me/project/.hawser/lease")
    expect(found()[1]).toBe("home/me/project/.hawser")
  })

  test("is not one farther up where a config stands nearer", () => {
    put("home/me/.hawser/journal.1.ndjson")
    put("home/me/project/hawser.yaml", config)
    expect(found()[1]).toBe("home/me/project/.hawser")
  })

  test("is not the root of executors in the home directory, unless a journal stands there", () => {
    put("home/me/.hawser/state-id/jobs/token")
    expect(found()[1]).toBe(`${deep}/.hawser`)
    put("home/me/.hawser/journal.1.ndjson")
    expect(found()[1]).toBe("home/me/.hawser")
  })
})
