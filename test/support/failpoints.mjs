// Kills a controller at a named step of its own, without its help: NODE_OPTIONS=--import, and HAWSER_FAILPOINTS=FOLDER.
//
// Each file of the folder is one kill: {"kind", "when", "n"}. A controller takes the first one that is left, by removing
// it, and dies by SIGKILL at its n-th step of that kind, just before the step or as soon as it is done. What killed it
// stands in `killed.PID`. Other programs that get the same environment are left alone.
import { appendFileSync, readFileSync, readdirSync, unlinkSync, writeFileSync } from "node:fs"
import fs from "node:fs/promises"
import { createRequire, syncBuiltinESMExports } from "node:module"
import { join, sep } from "node:path"

const folder = process.env["HAWSER_FAILPOINTS"]
const state = process.env["HAWSER_STATE"]

if (folder !== undefined && state !== undefined && process.argv[2] === "controller") arm(folder, `${state}${sep}`)

function arm(into, within) {
  const aim = next(into)
  const counts = {}
  const tell = (kind) => {
    counts[kind] = (counts[kind] ?? 0) + 1
    return counts[kind]
  }
  const strike = (kind, when, n, what) => {
    if (aim === null || aim.kind !== kind || aim.when !== when || aim.n !== n) return
    appendFileSync(join(into, `killed.${process.pid}`), `${when} ${kind} ${n} (${what})\n`)
    process.kill(process.pid, "SIGKILL")
  }
  process.on("exit", () => writeFileSync(join(into, `counts.${process.pid}`), JSON.stringify(counts)))
  watchFiles(within, tell, strike)
  watchRemote(tell, strike)
}

/** The kill that this controller takes; null: none is left. */
function next(into) {
  for (const name of readdirSync(into).sort()) {
    if (!name.endsWith(".aim")) continue
    try {
      const text = readFileSync(join(into, name), "utf8")
      unlinkSync(join(into, name))
      return JSON.parse(text)
    } catch {
      // Another controller was faster.
    }
  }
  return null
}

/** Writes, syncs and names of files in the state directory. */
function watchFiles(within, tell, strike) {
  const around = (kind, act, what) => async () => {
    const n = tell(kind)
    strike(kind, "before", n, what)
    const result = await act()
    strike(kind, "after", n, what)
    return result
  }
  const open = fs.open
  fs.open = async (path, ...rest) => {
    const handle = await open(path, ...rest)
    const name = String(path)
    if (!name.startsWith(within)) return handle
    const short = name.slice(within.length)
    const { write, sync, datasync } = handle
    if (/^(?:journal|segment|claim)\./.test(short))
      handle.write = (...args) => around("journal-write", () => write.apply(handle, args), short)()
    handle.sync = () => around("fsync", () => sync.call(handle), short)()
    handle.datasync = () => around("fsync", () => datasync.call(handle), short)()
    return handle
  }
  for (const verb of ["rename", "link"]) {
    const act = fs[verb]
    fs[verb] = (from, to) =>
      String(to).startsWith(within)
        ? around("rename", () => act(from, to), `${verb} to ${String(to).slice(within.length)}`)()
        : act(from, to)
  }
  syncBuiltinESMExports()
}

/** What goes out to the other side, and what comes back: each piece that is written to or read from a channel of ssh2. */
function watchRemote(tell, strike) {
  const { Channel } = createRequire(import.meta.url)("ssh2/lib/Channel.js")
  const { _write: write, push } = Channel.prototype
  Channel.prototype._write = function (data, encoding, done) {
    const n = tell("remote-command")
    strike("remote-command", "before", n, `${data.length} bytes`)
    write.call(this, data, encoding, (...args) => {
      done(...args)
      // By then it has gone to the kernel.
      setImmediate(() => strike("remote-command", "after", n, `${data.length} bytes`))
    })
  }
  Channel.prototype.push = function (data, ...rest) {
    if (data === null) return push.call(this, data, ...rest)
    const n = tell("remote-answer")
    strike("remote-answer", "before", n, `${data.length} bytes`)
    const result = push.call(this, data, ...rest)
    strike("remote-answer", "after", n, `${data.length} bytes`)
    return result
  }
}
