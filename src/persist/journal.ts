/** The segment that is being written: groups of lines, each on disk and checked before it is acknowledged. */
import { join } from "node:path"
import { StoreError } from "../errors.ts"
import { storeFailure } from "./failure.ts"
import type { OpenFile } from "./files.ts"
import type { Owner } from "./host.ts"
import { type Claimed, type Place, checkNewest, createWith, draftEnd } from "./lease.ts"
import { encodeLine } from "./line.ts"
import { type Covered, type Header, type SegmentName, fileOf, format, pathOf, textOf } from "./segment.ts"

export class Journal {
  readonly #place: Place
  readonly #owner: Owner
  #file: OpenFile
  #name: SegmentName
  /** To the end of the last group that was acknowledged. */
  #length: number
  /** Something may stand behind the length that was not acknowledged. */
  #unclean = false
  /** Why nothing can be written any more. */
  #ended: StoreError | null = null

  constructor(place: Place, { owner, file, length }: Claimed) {
    this.#place = place
    this.#owner = owner
    this.#file = file
    this.#name = { epoch: owner.epoch, segment: 1 }
    this.#length = length
  }

  get position(): Covered {
    return { ...this.#name, bytes: this.#length }
  }

  /** After it the texts are on disk and count. If it throws, none of them does, and the next call starts clean. */
  async write(texts: readonly string[]): Promise<void> {
    if (this.#ended !== null) throw this.#ended
    const bytes = Buffer.from(texts.map(encodeLine).join(""))
    try {
      if (this.#unclean) await this.#clean()
      this.#unclean = true
      await this.#file.write(bytes, this.#length)
      await this.#file.sync()
      await this.check()
      this.#length += bytes.length
      this.#unclean = false
    } catch (error) {
      // A second failure leaves it unclean; then the next call tries again before it writes.
      if (this.#ended === null && this.#unclean) await this.#clean().catch(() => undefined)
      throw storeFailure(error, this.#place.directory, `Can't write ${fileOf(this.#name)}.`)
    }
  }

  /** Throws `STORE_SUPERSEDED`, from then on always. */
  async check(): Promise<void> {
    try {
      await checkNewest(this.#place.files, this.#place.directory, this.#owner.epoch)
    } catch (error) {
      if (error instanceof StoreError) this.#ended = error
      throw error
    }
  }

  /** Goes on in a new segment, which says how far the older ones count. Not while a group is being written. */
  async begin(header: Header, nonce: string): Promise<void> {
    const { files, directory } = this.#place
    const name = { epoch: this.#name.epoch, segment: this.#name.segment + 1 }
    const claim = { format, ...name, nonce, owner: this.#owner }
    const bytes = Buffer.from([{ claim }, { header }].map((record) => encodeLine(textOf(record))).join(""))
    const draft = join(directory, `segment.${nonce}${draftEnd}`)
    const file = await createWith(files, draft, bytes)
    try {
      await files.rename(draft, pathOf(directory, name))
    } catch (error) {
      // NFS may do it and lose the answer. Where even that can't be seen nothing is written any more.
      const isThere = await files.inode(pathOf(directory, name)).catch(() => "unknown")
      if (isThere === "unknown")
        this.#ended = new StoreError("STORE_UNSURE", {
          summary: `Can't tell whether ${fileOf(name)} was begun.`,
          reason: storeFailure(error, directory, "").reason,
          advice: "This controller ends; the next command starts another one, which reads what is there.",
          class: "gone",
        })
      if (isThere === null || isThere === "unknown") {
        await file.close().catch(() => undefined)
        throw error
      }
    }
    // From here on the new segment says what counts of the old one: nothing may be added to that any more.
    const old = this.#file
    this.#file = file
    this.#name = name
    this.#length = bytes.length
    this.#unclean = true
    await old.close().catch(() => undefined)
    await files.syncDirectory(directory)
    this.#unclean = false
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  /** Never after a take-over: the next owner may have counted what stands there. */
  async #clean(): Promise<void> {
    await this.check()
    await this.#file.truncate(this.#length)
    await this.#file.sync()
    // The name of a new segment may not be on disk yet.
    await this.#place.files.syncDirectory(this.#place.directory)
    this.#unclean = false
  }
}
