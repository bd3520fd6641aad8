/** The few things that the store asks of a file system, so that a test can make each of them fail. */
import { type FileHandle, link, mkdir, open, readdir, rename, stat, statfs, unlink } from "node:fs/promises"
import { dirname } from "node:path"

/** Errors are those of Node, with their `code`. Nothing here locks: it all works on NFS. */
export interface Files {
  /** With its parents, mode 0700; one that exists is left as it is. */
  makeDirectory(path: string): Promise<void>
  list(directory: string): Promise<string[]>
  /** The file from byte `from` (0) to its end. */
  read(path: string, from?: number): Promise<Buffer>
  /** Null: there is no such file. The number tells one file from another that took its name. */
  inode(path: string): Promise<number | null>
  /** Fails with EEXIST where the name is taken. Mode 0600. */
  create(path: string): Promise<OpenFile>
  /** Gives the file a second name. Fails with EEXIST where that is taken: whoever succeeds was the only one. */
  link(from: string, to: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** After it, what can be read of the file is on disk, whoever wrote it. */
  syncFile(path: string): Promise<void>
  /** After it, the names in the directory are on disk. */
  syncDirectory(path: string): Promise<void>
  /** Does another host's change show only after a while here? */
  isRemote(path: string): Promise<boolean>
}

export interface OpenFile {
  /** All of the bytes, from byte `at` on. */
  write(bytes: Uint8Array, at: number): Promise<void>
  /** After it, the bytes and the length are on disk. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

export const nodeFiles: Files = {
  makeDirectory,
  list: (directory) => readdir(directory),
  read: async (path, from = 0) => {
    const handle = await open(path, "r")
    try {
      if (from === 0) return await handle.readFile()
      const bytes = Buffer.alloc(Math.max(0, (await handle.stat()).size - from))
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, from)
      return bytes.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  },
  inode: async (path) => {
    try {
      return (await stat(path)).ino
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null
      throw error
    }
  },
  create: async (path) => openFile(await open(path, "wx", 0o600)),
  link: (from, to) => link(from, to),
  rename: (from, to) => rename(from, to),
  remove: (path) => unlink(path),
  syncFile: async (path) => {
    const handle = await open(path, "r")
    try {
      await handle.datasync()
    } finally {
      await handle.close()
    }
  },
  syncDirectory: async (path) => {
    const handle = await open(path, "r")
    try {
      await handle.sync()
    } catch (error) {
      // Some network file systems can't sync a directory; there the rename itself is synchronous.
      if (!["EINVAL", "ENOTSUP", "EBADF"].includes(codeOf(error) ?? "")) throw error
    } finally {
      await handle.close()
    }
  },
  isRemote: async (path) => cachingFileSystems.has((await statfs(path)).type >>> 0),
}

/** The `errno` name of a failed call: `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined
  return typeof error.code === "string" ? error.code : undefined
}

/** True for `ENOENT`. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT"
}

/** Codes of a link that this file system can't make (FAT, sshfs). */
export const noLinks: readonly string[] = ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK"]

// File systems whose clients keep attributes and names for a while: NFS, SMB, CIFS, SMB2, FUSE (sshfs). (statfs(2))
const cachingFileSystems = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546])

// Not with `recursive`: that says ENOENT where the file system is read-only.
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, 0o700)
  } catch (error) {
    if (codeOf(error) === "EEXIST") return
    if (!isMissing(error) || dirname(path) === path) throw error
    await makeDirectory(dirname(path))
    await mkdir(path, 0o700)
  }
}

function openFile(handle: FileHandle): OpenFile {
  return {
    write: async (bytes, at) => {
      // A write may take only a part, on a disk that fills up for one.
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done)
        done += bytesWritten
      }
    },
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  }
}
