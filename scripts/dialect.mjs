// Which text of a dialect a real manager has answered: docs/managers.md names it, and its guard compares.
import { createHash } from "node:crypto"
import { readFileSync, readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

const schedulers = fileURLToPath(new URL("../src/schedulers", import.meta.url))

/** Twelve digits that change with each character of the files in `src/schedulers/<name>`. */
export function dialectDigest(name) {
  const hash = createHash("sha256")
  for (const file of readdirSync(`${schedulers}/${name}`).sort())
    hash
      .update(`${file}\0`)
      .update(readFileSync(`${schedulers}/${name}/${file}`))
      .update("\0")
  return hash.digest("hex").slice(0, 12)
}
