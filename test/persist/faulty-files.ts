/** A file system of which any call can be made to fail, and that counts its calls. */
import type { Files, OpenFile } from "../../src/persist/index.ts"
import { nodeFiles } from "../../src/persist/index.ts"

export interface Faults {
  /** Called before each call of the store, with its number (from 1). An error that it returns is thrown instead. */
  readonly fail: (call: number, what: string) => Error | null
  /** Of a write that fails, so many bytes reach the file. */
  readonly partial?: number
}

export interface FaultyFiles extends Files {
  calls(): number
}

export function faultyFiles({ fail, partial = 0 }: Faults): FaultyFiles {
  let count = 0
  const check = (what: string) => {
    const error = fail(++count, what)
    if (error !== null) throw error
  }
  const files: Files = nodeFiles
  return {
    calls: () => count,
    makeDirectory: async (path) => {
      check("makeDirectory")
      await files.makeDirectory(path)
    },
    list: async (directory) => {
      check("list")
      return files.list(directory)
    },
    read: async (path, from) => {
      check("read")
      return files.read(path, from)
    },
    inode: async (path) => {
      check("inode")
      return files.inode(path)
    },
    create: async (path) => {
      check("create")
      return faultyFile(await files.create(path), check, partial)
    },
    link: async (from, to) => {
      check("link")
      await files.link(from, to)
    },
    rename: async (from, to) => {
      check("rename")
      await files.rename(from, to)
    },
    remove: async (path) => {
      check("remove")
      await files.remove(path)
    },
    syncFile: async (path) => {
      check("syncFile")
      await files.syncFile(path)
    },
    syncDirectory: async (path) => {
      check("syncDirectory")
      await files.syncDirectory(path)
    },
    isRemote: async (path) => {
      check("isRemote")
      return files.isRemote(path)
    },
  }
}

/** An error of the file system. */
export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: made up by a test`), { code })
}

function faultyFile(file: OpenFile, check: (what: string) => void, partial: number): OpenFile {
  return {
    write: async (bytes, at) => {
      try {
        check("write")
      } catch (error) {
        await file.write(bytes.subarray(0, partial), at)
        throw error
      }
      await file.write(bytes, at)
    },
    sync: async () => {
      check("sync")
      await file.sync()
    },
    truncate: async (length) => {
      check("truncate")
      await file.truncate(length)
    },
    close: async () => {
      // The system closes a file also when it complains.
      await file.close()
      check("close")
    },
  }
}
