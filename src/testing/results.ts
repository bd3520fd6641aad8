/** Where results land in a virtual world: the controller's own disk, so that whatever befalls it befalls them too. */
import type { Files, OpenFile } from "../persist/index.ts"
import type { ResultFile, ResultsDisk } from "../remote/resultsDisk.ts"

/** Folders are there as soon as something is in them, and modes are nobody's business. */
export function resultsOn(files: Files): ResultsDisk {
  const kindOf = async (path: string): Promise<"folder" | "other" | null> => {
    if ((await files.list(path)).length > 0) return "folder"
    return (await files.inode(path)) === null ? null : "other"
  }
  return {
    makeFolder: async (path) => {
      if ((await kindOf(text(path))) !== null) throw Object.assign(new Error("EEXIST"), { code: "EEXIST" })
    },
    makeFolders: () => Promise.resolve(null),
    kindOf: (path) => kindOf(text(path)),
    create: async (path) => resultFile(await files.create(text(path))),
    copy: (from, to) => files.link(text(from), text(to)),
    link: () => Promise.reject(new Error("There are no links in this world.")),
    rename: (from, to) => files.rename(text(from), text(to)),
    setMode: () => Promise.resolve(),
    removeFolder: async (path) => {
      if ((await files.list(text(path))).length > 0) throw Object.assign(new Error("ENOTEMPTY"), { code: "ENOTEMPTY" })
    },
    remove: async (path) => {
      for (const name of await files.list(text(path))) await files.remove(`${text(path)}/${name}`)
    },
    syncFolder: (path) => files.syncDirectory(text(path)),
  }
}

function resultFile(file: OpenFile): ResultFile {
  let length = 0
  return {
    write: async (bytes) => {
      await file.write(bytes, length)
      length += bytes.length
    },
    setMode: () => Promise.resolve(),
    sync: () => file.sync(),
    close: () => file.close(),
  }
}

function text(path: Buffer): string {
  return path.toString("utf8")
}
