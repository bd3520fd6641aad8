/** One local folder that a job's results come back to: whole files under safe names, or nothing. */
import { posix } from "node:path"
import { HawserError } from "../errors.ts"
import type { Backlog } from "./backlog.ts"
import { type ByteName, bytesOf, pathOf, textOf } from "./filename.ts"
import { type ResultsDisk, localDisk } from "./resultsDisk.ts"
import type { TarBody, TarEntry } from "./untar.ts"

interface Refusal {
  readonly path: ByteName
  readonly reason: string
}

/**
 * Writes into `<directory>/.hawser-<token>/` and renames from there, so a crash leaves no half file under a final name;
 * what a crash did leave there is removed by the next landing. Nothing is ever written outside of the directory.
 */
export class Landing {
  readonly files: ByteName[] = []
  readonly refused: Refusal[] = []
  readonly notes: string[] = []
  readonly #root: ByteName
  readonly #temporary: ByteName
  /** Folders that are known to be there and to be no links. */
  readonly #folders = new Set<ByteName>()
  /** Modes that folders of ours get in the end: until then we must be able to write. */
  readonly #modes = new Map<ByteName, number>()
  /** Sizes of the files that have landed. */
  readonly #sizes = new Map<ByteName, number>()
  /** Files that are on their way to the disk. */
  readonly #backlog: Backlog
  readonly #disk: ResultsDisk
  readonly #settling: Promise<void>[] = []
  /** Those in which names are new: they are on disk for good before anybody hears of what has come. */
  readonly #renewed = new Set<ByteName>()
  #opened = false
  #count = 0

  constructor(directory: string, token: string, backlog: Backlog, disk: ResultsDisk = localDisk) {
    this.#root = bytesOf(directory)
    this.#backlog = backlog
    this.#disk = disk
    this.#temporary = `${this.#root}/.hawser-${token}`
  }

  /**
   * Puts one member under its final name, at the latest when `close` returns; returns its size (0 for folders and
   * links). A name that is not safe is refused. Hard links name members that stand below `prefix`. Throws what node:fs
   * throws.
   */
  async land(path: ByteName, entry: TarEntry, body: TarBody, prefix: string): Promise<number> {
    const { size, type, mode, target } = entry
    const unsafe = unsafeReason(path)
    if (unsafe !== null) {
      this.refuse(path, unsafe)
      return size
    }
    await this.#open()
    if (type === "directory") return this.#folder(path, permissions(mode))
    if (!(await this.#parent(path))) return size
    if (type === "symlink") return this.#link(path, target)
    if (type === "hardlink") return this.#copy(path, target, prefix)
    if (type === "file") return this.#file(path, permissions(mode), body)
    this.refuse(path, "it is neither a file, a folder nor a link")
    return size
  }

  refuse(path: ByteName, reason: string): void {
    this.refused.push({ path, reason })
  }

  /**
   * Waits until all files stand on the disk, gives folders their modes, the innermost first, and removes what was
   * temporary. Throws what kept a file from its place.
   */
  async close(): Promise<void> {
    if (!this.#opened) return
    this.#opened = false
    const ends = await Promise.allSettled(this.#settling)
    const disk = this.#disk
    for (const [path, mode] of [...this.#modes].reverse()) await disk.setMode(this.#at(path), mode)
    // Empty, unless something failed.
    const temporary = pathOf(this.#temporary)
    await disk.removeFolder(temporary).catch(async () => disk.remove(temporary))
    for (const end of ends) if (end.status === "rejected") throw end.reason
    await Promise.all([...this.#renewed].map(async (folder) => disk.syncFolder(pathOf(folder))))
    this.#renewed.clear()
  }

  #at(path: ByteName): Buffer {
    return pathOf(`${this.#root}/${path}`)
  }

  async #open(): Promise<void> {
    if (this.#opened) return
    const temporary = pathOf(this.#temporary)
    const made = await this.#disk.makeFolders(pathOf(this.#root))
    if (made !== null) this.#renewAbove(bytesOf(made))
    await this.#disk.makeFolder(temporary).catch(async () => {
      await this.#disk.remove(temporary)
      await this.#disk.makeFolder(temporary)
    })
    this.#opened = true
  }

  /** From the folder in which `made` is new down to ours. */
  #renewAbove(made: ByteName): void {
    for (let above = posix.dirname(this.#root); ; above = posix.dirname(above)) {
      this.#renewed.add(above)
      if (above === posix.dirname(made) || above === posix.dirname(above)) return
    }
  }

  #next(): Buffer {
    this.#count += 1
    return pathOf(`${this.#temporary}/${this.#count}`)
  }

  async #folder(path: ByteName, mode: number): Promise<number> {
    const name = path.replace(/\/+$/, "")
    if (!(await this.#parent(`${name}/x`)) || !this.#modes.has(name)) return 0
    this.#modes.set(name, mode)
    return 0
  }

  /** Makes the folders above. False, and refused, where something else or a link stands in the way. */
  async #parent(path: ByteName): Promise<boolean> {
    const folder = posix.dirname(path)
    if (folder === "." || this.#folders.has(folder)) return true
    if (!(await this.#parent(folder))) return false
    const there = await this.#disk.kindOf(this.#at(folder))
    if (there === null) {
      await this.#disk.makeFolder(this.#at(folder))
      this.#renewed.add(posix.dirname(`${this.#root}/${folder}`))
      this.#modes.set(folder, 0o777 & ~process.umask())
    } else if (there !== "folder") {
      this.refuse(path, `${textOf(folder)} is ${there === "link" ? "a link" : "not a folder"} on this side`)
      return false
    }
    this.#folders.add(folder)
    return true
  }

  async #file(path: ByteName, mode: number, body: TarBody): Promise<number> {
    const temporary = this.#next()
    const file = await this.#disk.create(temporary)
    let size = 0
    try {
      for await (const chunk of body) {
        await file.write(chunk)
        size += chunk.length
      }
    } catch (error) {
      await file.close()
      throw error
    }
    // The next file is read while this one goes to the disk.
    const { done } = await this.#backlog.start(async () => {
      try {
        await file.setMode(mode)
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#settle(path, temporary)
    })
    done.catch(() => undefined)
    this.#settling.push(done)
    this.#landed(path, size)
    return size
  }

  /** A second name of a file that has landed already: a file of its own on this side. */
  async #copy(path: ByteName, target: ByteName, prefix: string): Promise<number> {
    const source = target.startsWith(prefix) ? target.slice(prefix.length) : null
    const size = source === null ? undefined : this.#sizes.get(source)
    if (source === null || size === undefined) {
      this.refuse(path, "it is a second name of a file that did not come")
      return 0
    }
    await Promise.all(this.#settling)
    const temporary = this.#next()
    await this.#disk.copy(this.#at(source), temporary)
    await this.#settle(path, temporary)
    this.#landed(path, size)
    return size
  }

  async #link(path: ByteName, target: ByteName): Promise<number> {
    if (!staysInside(path, target)) {
      this.notes.push(`the link ${textOf(path)} was left out: it leads to ${textOf(target)}, outside of the folder`)
      return 0
    }
    const temporary = this.#next()
    await this.#disk.link(pathOf(target), temporary)
    await this.#settle(path, temporary)
    this.#landed(path, 0)
    return 0
  }

  async #settle(path: ByteName, temporary: Buffer): Promise<void> {
    try {
      await this.#disk.rename(temporary, this.#at(path))
      this.#renewed.add(posix.dirname(`${this.#root}/${path}`))
    } catch (error) {
      if ((await this.#disk.kindOf(this.#at(path))) !== "folder") throw error
      this.files.splice(this.files.indexOf(path), 1)
      this.refuse(path, "a folder of this name stands on this side")
    }
  }

  #landed(path: ByteName, size: number): void {
    this.files.push(path)
    this.#sizes.set(path, size)
  }
}

/** A failure of node:fs in this folder, as one of ours. */
export function localError(error: unknown, directory: string): HawserError {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  const full = ["ENOSPC", "EDQUOT"].includes(code)
  return new HawserError(full ? "LOCAL_DISK_FULL" : "LOCAL_WRITE_FAILED", {
    summary: `Results can't be written to ${directory}.`,
    reason: error instanceof Error ? error.message : String(error),
    advice: full ? "Make room; they are read again." : "Make the folder writable; `hawser fetch` reads them again.",
    class: full ? "limit" : "rejected",
    cause: error,
  })
}

/** Never setuid, setgid or sticky. */
function permissions(mode: number): number {
  return mode & 0o777
}

function unsafeReason(path: ByteName): string | null {
  if (path.startsWith("/")) return "its path is absolute"
  const parts = path.replace(/\/+$/, "").split("/")
  if (parts.some((part) => part === "" || part === "." || part === "..")) return "its path leaves the folder"
  if (parts[0]?.startsWith(".hawser-hz") === true) return "its name is one of ours"
  return null
}

/** `..` may only lead: behind a name that is itself a link it could lead anywhere. */
function staysInside(path: ByteName, target: ByteName): boolean {
  if (target === "" || target.startsWith("/")) return false
  const parts = target.split("/").filter((part) => part !== "" && part !== ".")
  const ups = parts.findIndex((part) => part !== "..")
  const leading = ups === -1 ? parts.length : ups
  return leading < path.split("/").length && !parts.slice(leading).includes("..")
}
