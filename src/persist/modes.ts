/** Who may read and change the files of a state directory. */
import { chmod, stat } from "node:fs/promises"

/** The permission bits that others than the owner have. */
export async function othersMayIn(path: string): Promise<number> {
  return (await stat(path)).mode & 0o077
}

/** Takes from others what they may, and leaves the owner's own bits. */
export async function makePrivate(path: string): Promise<void> {
  await chmod(path, (await stat(path)).mode & 0o700)
}
