/** Tar streams of job directories and of results, read and written in memory. */
import type { Readable } from "node:stream"
import { tarHeader, tarPadding, tarTrailer } from "../remote/tar.ts"
import { readTar } from "../remote/untar.ts"
import type { ResultFile } from "./home.ts"
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

/** What `hz_collect` sends: of each job that stands there its results, and that its directory was read to the end. */
export function writeArchive(jobs: ReadonlyMap<string, readonly ResultFile[]>): Buffer {
  const member = (name: string, text = ""): Buffer[] => {
    const bytes = Buffer.from(text, "utf8")
    return [
      tarHeader({ name, type: "file", mode: 0o600, size: bytes.length, mtime: 0 }),
      bytes,
      tarPadding(bytes.length),
    ]
  }
  const members = [...jobs].flatMap(([token, files]) => [
    ...files.flatMap(({ name, text }) => member(`${token}/work/${name}`, text)),
    ...member(`${token}/token`),
  ])
  return Buffer.concat([...members, ...member("hz-whole"), ...member("hz-end"), tarTrailer])
}
