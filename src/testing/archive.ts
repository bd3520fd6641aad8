/** Tar streams of job directories, read and written in memory. */
import type { Readable } from "node:stream"
import { tarHeader, tarTrailer } from "../remote/tar.ts"
import { readTar } from "../remote/untar.ts"
import type { Staged } from "./verbs.ts"

/** What `hz_stage` would unpack. Programs for `bin/` are left out: the virtual wrapper has its own. */
export async function readArchive(source: Readable): Promise<Staged> {
  const folders = new Map<string, Map<string, string>>()
  let end: string | null = null
  await readTar(source, async ({ name, type }, body) => {
    if (name.startsWith("end.")) end = name.slice("end.".length)
    const [token = "", ...rest] = name.split("/")
    if (type !== "file" || rest.length === 0 || token === "bin") return
    const parts: Buffer[] = []
    for await (const part of body) parts.push(part)
    const files = folders.get(token) ?? new Map<string, string>()
    folders.set(token, files.set(rest.join("/"), Buffer.concat(parts).toString("utf8")))
  })
  return { folders, end }
}

/** What `hz_collect` sends of jobs without results: that their directories are there. */
export function writeArchive(tokens: readonly string[]): Buffer {
  const member = (name: string): Buffer => tarHeader({ name, type: "file", mode: 0o600, size: 0, mtime: 0 })
  const members = tokens.map((token) => member(`${token}/token`))
  return Buffer.concat([...members, member("hz-whole"), member("hz-end"), tarTrailer])
}
