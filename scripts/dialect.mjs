// Which text of a dialect a real manager has answered: docs/managers.md names it, and its guard compares.
import { createHash } from "node:crypto"
import { readFileSync, readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

const schedulers = fileURLToPath(new URL("../src/schedulers", import.meta.url))

/** Managers that no rig has, so that a real one is seldom there, and in which folders of `src/schedulers` their dialects are. */
export const seldomReal = { flux: ["flux"], pbs: ["pbs", "qsub"] }

/** Twelve digits that change with each character of the files there. */
export function dialectDigest(name) {
  const hash = createHash("sha256")
  const paths = seldomReal[name].flatMap((folder) =>
    readdirSync(`${schedulers}/${folder}`)
      .sort()
      .map((file) => [file, `${schedulers}/${folder}/${file}`]),
  )
  for (const [file, path] of paths) hash.update(`${file}\0`).update(readFileSync(path)).update("\0")
  return hash.digest("hex").slice(0, 12)
}
