/** A folder with every kind of name, mode and link that has ever been trouble, and a picture of a folder to compare. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createHash } from "node:crypto"
import { join } from "node:path"

const names = [
  "plain",
  "with blank",
  "it's",
  'say "hi"',
  "new\nline",
  "-rf",
  "--checkpoint=1",
  "*",
  "?[a-z]",
  "back\\slash",
  "\\n",
  "$HOME `id`",
  ".hidden",
  "..hidden",
  "...",
  "é漢字😀",
  "=",
  "(",
  "~",
  "#",
  "a;b|c&d",
  "\t",
  "!",
  "x".repeat(99),
  "y".repeat(100),
  "z".repeat(101),
  "w".repeat(255),
  "ü".repeat(127),
]

const megabyte = Buffer.from(Uint8Array.from({ length: 1_048_577 }, (_, index) => index * 7919))

/** Fills `root`, which must not exist. */
export function plantZoo(root: string): void {
  mkdirSync(root)
  for (const name of names) writeFileSync(join(root, name), `content of ${name}`)
  // Not UTF-8.
  writeFileSync(Buffer.concat([Buffer.from(`${root}/latin-`), Buffer.from([0xe4, 0xff])]), "bytes")
  writeFileSync(join(root, "empty"), "")
  writeFileSync(join(root, "block"), Buffer.alloc(512, 1))
  writeFileSync(join(root, "megabyte"), megabyte)
  for (const [name, mode] of [
    ["run", 0o755],
    ["readonly", 0o444],
    ["private", 0o600],
    ["shared", 0o666],
  ] as const) {
    writeFileSync(join(root, name), name)
    chmodSync(join(root, name), mode)
  }
  for (const folder of [
    "sub",
    "sub/deep er",
    "empty folder",
    "sub/.git",
    `long/${"d".repeat(120)}/${"e".repeat(120)}`,
  ]) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  chmodSync(join(root, "sub"), 0o750)
  writeFileSync(join(root, "sub/deep er/-"), "deep")
  writeFileSync(join(root, "sub/.git/config"), "hidden below")
  writeFileSync(join(root, `long/${"d".repeat(120)}/${"e".repeat(120)}/file`), "far away")
  symlinkSync("plain", join(root, "link"))
  symlinkSync("../../plain", join(root, "sub/deep er/up"))
  symlinkSync("sub", join(root, "folder link"))
  symlinkSync("nowhere", join(root, "dead link"))
  symlinkSync("x".repeat(150), join(root, "long link"))
}

/** Path to what stands there: type, mode and content, as one line each, sorted. */
export function pictureOf(root: string): string[] {
  return picture(Buffer.from(root), "").sort()
}

function picture(folder: Buffer, prefix: string): string[] {
  return readdirSync(folder, { encoding: "buffer" }).flatMap((name) => {
    const path = Buffer.concat([folder, Buffer.from("/"), name])
    const label = `${prefix}${name.toString("latin1")}`
    const stats = lstatSync(path)
    const mode = (stats.mode & 0o7777).toString(8)
    if (stats.isSymbolicLink()) return [`${label} -> ${readlinkSync(path)}`]
    if (stats.isDirectory()) return [`${label} folder ${mode}`, ...picture(path, `${label}/`)]
    const hash = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 8)
    return [`${label} file ${mode} ${stats.size} ${hash}`]
  })
}
