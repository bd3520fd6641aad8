/** The few things that a landing asks of this machine's file system, so that the simulator can have one of its own. */
import { constants } from "node:fs"
import { type FileHandle, chmod, copyFile, lstat, mkdir, open, rename, rm, rmdir, symlink } from "node:fs/promises"

/** Paths are absolute bytes. Errors are those of Node, with their `code`. */
export interface ResultsDisk {
  /** One folder, mode 0700. Fails with EEXIST where the name is taken. */
  makeFolder(path: Buffer): Promise<void>
  /** With its parents; one that exists is left as it is. Returns the first one that was made; null: none was. */
  makeFolders(path: Buffer): Promise<string | null>
  /** What the name itself stands for; null: nothing. */
  kindOf(path: Buffer): Promise<"folder" | "link" | "other" | null>
  /** Fails with EEXIST where the name is taken. Mode 0600. */
  create(path: Buffer): Promise<ResultFile>
  /** The bytes of a file as a file of its own. Fails with EEXIST where the name is taken. */
  copy(from: Buffer, to: Buffer): Promise<void>
  link(target: Buffer, path: Buffer): Promise<void>
  rename(from: Buffer, to: Buffer): Promise<void>
  setMode(path: Buffer, mode: number): Promise<void>
  /** An empty folder. */
  removeFolder(path: Buffer): Promise<void>
  /** With all that is in it; also where there is nothing. */
  remove(path: Buffer): Promise<void>
  /** After it, the names in the folder are on disk. */
  syncFolder(path: Buffer): Promise<void>
}

export interface ResultFile {
  /** Behind what was written before. */
  write(bytes: Buffer): Promise<void>
  setMode(mode: number): Promise<void>
  /** After it, the bytes are on disk. */
  sync(): Promise<void>
  close(): Promise<void>
}

export const localDisk: ResultsDisk = {
  makeFolder: (path) => mkdir(path, 0o700),
  makeFolders: async (path) => (await mkdir(path, { recursive: true })) ?? null,
  kindOf: async (path) => {
    const there = await lstat(path).catch(() => null)
    return there === null ? null : there.isDirectory() ? "folder" : there.isSymbolicLink() ? "link" : "other"
  },
  create: async (path) => resultFile(await open(path, "wx", 0o600)),
  copy: (from, to) => copyFile(from, to, constants.COPYFILE_EXCL),
  link: (target, path) => symlink(target, path),
  rename,
  setMode: chmod,
  removeFolder: (path) => rmdir(path),
  remove: (path) => rm(path, { recursive: true, force: true }),
  syncFolder: async (path) => {
    let handle: FileHandle | undefined
    try {
      handle = await open(path, "r")
      await handle.sync()
    } catch (error) {
      // Some network file systems can't sync a folder; there the rename itself is synchronous. One that can be written to
      // and not read can't be opened for it.
      if (!["EINVAL", "ENOTSUP", "EBADF", "EACCES"].includes(codeOf(error))) throw error
    } finally {
      await handle?.close()
    }
  },
}

function resultFile(handle: FileHandle): ResultFile {
  return {
    write: async (bytes) => {
      for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done)).bytesWritten
    },
    setMode: (mode) => handle.chmod(mode),
    sync: () => handle.sync(),
    close: () => handle.close(),
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : ""
}
