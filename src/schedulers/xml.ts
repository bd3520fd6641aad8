/** XML as managers print it: whole documents among whatever else was printed, each as a tree of elements. Pure. */
import { Parser } from "xml2js"

/** One element. Attributes and white space between elements are left out. */
export interface XmlElement {
  readonly name: string
  /** Its own text, trimmed. */
  readonly text: string
  readonly children: readonly XmlElement[]
}

export interface XmlReading {
  /** The root elements of the documents that are whole, in order. */
  readonly roots: readonly XmlElement[]
  /** Lines that belong to none of them: noise, and documents that are cut short or not well formed. */
  readonly unread: readonly string[]
}

/** Reads every document that begins with `<?xml`. Nothing is thrown: what can't be read comes back as it came. */
export function readXml(text: string): XmlReading {
  const roots: XmlElement[] = []
  const unread: string[] = []
  const complain = (noise: string) => unread.push(...noise.split("\n").filter((line) => line.trim() !== ""))
  const [before = "", ...documents] = text.split(/(?=<\?xml\b)/)
  const all = before.startsWith("<?xml") ? [before, ...documents] : documents
  if (!before.startsWith("<?xml")) complain(before)
  for (const document of all) {
    const end = endOf(document)
    const root = end === null ? null : rootOf(document.slice(0, end))
    if (end !== null && root !== null) roots.push(root)
    complain(root === null ? document : document.slice(end ?? 0))
  }
  return { roots, unread }
}

/** The first child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name)
}

/** The text of the first child of that name; null where there is none, or where it is empty. */
export function textOf(element: XmlElement | undefined, name: string): string | null {
  const text = childOf(element, name)?.text ?? ""
  return text === "" ? null : text
}

/** All elements of that name below this one, in the order in which they were printed. */
export function elementsNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...elementsNamed(child, name)])
}

/** Behind the end tag of the root element: the last one of its name, for a child may have the same. */
function endOf(document: string): number | null {
  const name = /<([A-Za-z_][\w.:-]*)/.exec(document.replace(/^<\?xml[^>]*>/, ""))?.[1]
  if (name === undefined) return null
  const tag = `</${name}>`
  const at = document.lastIndexOf(tag)
  return at === -1 ? null : at + tag.length
}

/**
 * Grid Engine names the elements of some lists `<>` (`qstat -xml -j` of an unknown job, up to 6.2): they get the name that
 * later versions give them.
 */
function mended(document: string): string {
  return document.replaceAll("<>", "<element>").replaceAll("</>", "</element>")
}

function rootOf(document: string): XmlElement | null {
  const parser = new Parser({
    async: false,
    explicitChildren: true,
    preserveChildrenOrder: true,
    explicitArray: true,
    explicitCharkey: true,
    ignoreAttrs: true,
    trim: true,
    emptyTag: () => ({}),
  })
  let root: unknown = null
  let failed = false
  try {
    parser.parseString(mended(document), (error: Error | null, result: unknown) => {
      failed ||= error !== null
      root = result
    })
  } catch {
    // xml2js throws some of what it finds, and hands the rest to the callback.
    failed = true
  }
  if (failed || typeof root !== "object" || root === null) return null
  const [entry] = Object.entries(root)
  return entry === undefined ? null : elementOf(entry[0], entry[1])
}

/** The nodes that xml2js makes with the options above: `_` is the text, `$$` are the children, each with its `#name`. */
interface Node {
  readonly "#name"?: string
  readonly _?: string
  readonly $$?: readonly Node[]
}

function elementOf(name: string, node: Node): XmlElement {
  const children = (node.$$ ?? []).map((child) => elementOf(child["#name"] ?? "", child))
  return { name, text: (node._ ?? "").trim(), children }
}
