/** A virtual disk: what was not fsynced may be gone, or torn, after a power failure. */
import type { Files, OpenFile } from "../persist/index.ts"
import type { Dice } from "./dice.ts"
import type { Life } from "./life.ts"
import type { Strike } from "./strikes.ts"

type Change = { readonly at: number; readonly bytes: Buffer } | { readonly length: number }

interface FileNode {
  readonly number: number
  /** What is on disk for good. */
  durable: Buffer
  /** What is not, in order. */
  pending: Change[]
}

export interface DiskOptions {
  /** Between the call of a sync and its return. */
  readonly syncMs: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Returns the code of the error with which a call fails; null: it succeeds. */
  readonly fault?: (what: string) => string | null
  readonly strike?: (strike: Strike) => void
  /** False: this sync returns, and nothing is on disk for good (a broken engine that does without). */
  readonly isSynced?: (unsynced: Buffer) => boolean
}

export class Disk {
  readonly #options: DiskOptions
  readonly #names: Map<string, FileNode>
  #durableNames: Map<string, FileNode>
  #count = 0

  constructor(options: DiskOptions, from?: Disk) {
    this.#options = options
    this.#names = new Map()
    for (const [path, node] of from?.entries() ?? []) {
      this.#names.set(path, { number: ++this.#count, durable: contentOf(node), pending: [] })
    }
    this.#durableNames = new Map(this.#names)
  }

  /** What stands in a file now; null: there is none. */
  textOf(path: string): string | null {
    const node = this.#names.get(path)
    return node === undefined ? null : contentOf(node).toString("utf8")
  }

  entries(): Iterable<[string, FileNode]> {
    return this.#names
  }

  /** As `cp -a` does it while somebody writes: what stands there now. */
  copy(): Disk {
    return new Disk(this.#options, this)
  }

  /** The power fails: of what was not synced, some is there, some is not, and the last write may be torn. */
  loseUnsynced(dice: Dice): void {
    const names = this.#namesAfterLoss(dice)
    if ([...this.#names].some(([path, node]) => names.get(path) !== node))
      this.#options.strike?.("power failure: a file name is gone")
    this.#names.clear()
    for (const [path, node] of names) this.#names.set(path, node)
    this.#durableNames = names
    for (const [path, node] of names) {
      if (node.pending.length > 0 && path.includes("/jobs/"))
        this.#options.strike?.("power failure: a result that was not fsynced is gone")
      const kept = dice.chance(0.4) ? 0 : dice.whole(0, node.pending.length)
      let bytes = node.durable
      for (const [index, change] of node.pending.entries()) {
        if (index < kept) bytes = changed(bytes, change)
        else if (index === kept && "bytes" in change && dice.chance(0.6)) {
          const part = change.bytes.subarray(0, dice.whole(0, change.bytes.length))
          if (part.length > 0) this.#options.strike?.("power failure: a write is torn")
          if (part.length > 0) bytes = changed(bytes, { at: change.at, bytes: part })
        }
      }
      if (!bytes.equals(contentOf(node))) this.#options.strike?.("power failure: what was not fsynced is gone")
      node.durable = bytes
      node.pending = []
    }
  }

  #namesAfterLoss(dice: Dice): Map<string, FileNode> {
    const fate = dice.roll()
    if (fate < 0.4) return new Map(this.#names)
    if (fate < 0.7) return new Map(this.#durableNames)
    const names = new Map<string, FileNode>()
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const node = dice.chance(0.5) ? this.#names.get(path) : this.#durableNames.get(path)
      if (node !== undefined) names.set(path, node)
    }
    return names
  }

  /** The disk as one controller sees it. */
  files(life: Life): Files {
    const on = <T>(what: string, act: () => T | Promise<T>): Promise<T> =>
      life.step(`disk ${what}`, () => {
        const code = this.#options.fault?.(what) ?? null
        if (code !== null) {
          this.#options.strike?.(code === "ENOSPC" ? "controller's disk is full" : "controller's disk fails")
          throw errno(code)
        }
        return act()
      })
    const open = (node: FileNode): OpenFile => this.#open(node, on)
    return {
      makeDirectory: () => Promise.resolve(),
      list: (directory) =>
        on("list", () =>
          [...this.#names.keys()].flatMap((path) => (parentOf(path) === directory ? [nameOf(path)] : [])),
        ),
      read: (path, from = 0) => on("read", () => Buffer.from(contentOf(this.#at(path)).subarray(from))),
      inode: (path) => on("inode", () => this.#names.get(path)?.number ?? null),
      create: (path) =>
        on("create", () => {
          if (this.#names.has(path)) throw errno("EEXIST")
          const node: FileNode = { number: ++this.#count, durable: Buffer.alloc(0), pending: [] }
          this.#names.set(path, node)
          return open(node)
        }),
      link: (from, to) =>
        on("link", () => {
          if (this.#names.has(to)) throw errno("EEXIST")
          this.#names.set(to, this.#at(from))
        }),
      rename: (from, to) =>
        on("rename", () => {
          this.#names.set(to, this.#at(from))
          this.#names.delete(from)
        }),
      remove: (path) =>
        on("remove", () => {
          this.#at(path)
          this.#names.delete(path)
        }),
      syncFile: (path) =>
        on("sync", async () => {
          const node = this.#at(path)
          await this.#options.sleep(this.#options.syncMs())
          this.#sync(node)
        }),
      syncDirectory: (path) =>
        on("sync names", async () => {
          await this.#options.sleep(this.#options.syncMs())
          this.#syncNames(path)
        }),
      isRemote: () => Promise.resolve(false),
    }
  }

  #open(node: FileNode, on: <T>(what: string, act: () => T | Promise<T>) => Promise<T>): OpenFile {
    return {
      write: (bytes, at) =>
        on("write", () => {
          node.pending.push({ at, bytes: Buffer.from(bytes) })
        }),
      sync: () =>
        on("sync", async () => {
          await this.#options.sleep(this.#options.syncMs())
          this.#sync(node)
        }),
      truncate: (length) =>
        on("truncate", () => {
          node.pending.push({ length })
        }),
      close: () => on("close", () => undefined),
    }
  }

  #sync(node: FileNode): void {
    const unsynced = Buffer.concat(node.pending.flatMap((change) => ("bytes" in change ? [change.bytes] : [])))
    if (this.#options.isSynced?.(unsynced) === false) return
    node.durable = contentOf(node)
    node.pending = []
  }

  #syncNames(directory: string): void {
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      if (parentOf(path) !== directory) continue
      const node = this.#names.get(path)
      if (node === undefined) this.#durableNames.delete(path)
      else this.#durableNames.set(path, node)
    }
  }

  #at(path: string): FileNode {
    const node = this.#names.get(path)
    if (node === undefined) throw errno("ENOENT")
    return node
  }
}

function contentOf(node: FileNode): Buffer {
  return node.pending.reduce<Buffer>(changed, node.durable)
}

function changed(bytes: Buffer, change: Change): Buffer {
  if ("length" in change) return bytes.subarray(0, change.length)
  const end = change.at + change.bytes.length
  const next = Buffer.alloc(Math.max(bytes.length, end))
  bytes.copy(next)
  change.bytes.copy(next, change.at)
  return next
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: the virtual disk says so`), { code })
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1)
}
