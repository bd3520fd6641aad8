import { describe, expect, test } from "vitest"
import { childOf, elementsNamed, readXml, textOf } from "../../src/schedulers/xml.ts"

const head = "<?xml version='1.0'?>\n"

describe("XML as managers print it", () => {
  test("is a tree of elements with their text, attributes left out", () => {
    const { roots, unread } = readXml(
      `${head}<jobs at="x"><job state="r">\n  <name>a&amp;b &lt;c&gt;</name><host/></job></jobs>\n`,
    )
    expect(unread).toEqual([])
    const [root] = roots
    expect(root?.name).toBe("jobs")
    const job = childOf(root, "job")
    expect(textOf(job, "name")).toBe("a&b <c>")
    expect(childOf(job, "host")).toEqual({ name: "host", text: "", children: [] })
    expect([textOf(job, "host"), textOf(job, "nowhere"), textOf(undefined, "name")]).toEqual([null, null, null])
  })

  test("may name a child as its root: the document goes on to the last end tag of that name", () => {
    const { roots, unread } = readXml(`${head}<job_info><job_info><id>1</id></job_info><id>2</id></job_info>\n`)
    expect(unread).toEqual([])
    expect(elementsNamed(roots[0] ?? { name: "", text: "", children: [] }, "id").map(({ text }) => text)).toEqual([
      "1",
      "2",
    ])
  })

  test("comes in several documents, and among other lines", () => {
    const { roots, unread } = readXml(`Welcome.\n${head}<a></a>\n${head}<b><id>1</id></b>\nBye.\n`)
    expect(roots.map(({ name }) => name)).toEqual(["a", "b"])
    expect(unread).toEqual(["Welcome.", "Bye."])
  })

  test("with elements that have no name is mended (Grid Engine 6.2 and unknown jobs)", () => {
    const { roots, unread } = readXml(`${head}<unknown_jobs xmlns:xsd="x"><><ST_name>1</ST_name></></unknown_jobs>\n`)
    expect(unread).toEqual([])
    expect(textOf(childOf(roots[0], "element"), "ST_name")).toBe("1")
  })

  test.each([
    ["cut short", `${head}<a><id>1</id>`],
    ["cut short in its head", "<?xml version="],
    ["not well formed", `${head}<a><id>1</b></a>`],
    ["a text", "no XML"],
  ])("that is %s is no document, and comes back as it came", (_, text) => {
    expect(readXml(text)).toEqual({ roots: [], unread: text.split("\n") })
  })

  test("of one document that can't be read takes nothing from the next", () => {
    const { roots, unread } = readXml(`${head}<a><id></a>\n${head}<b/>\n${head}<b></b>\n`)
    expect(roots.map(({ name }) => name)).toEqual(["b"])
    expect(unread).toHaveLength(4)
  })

  test("of an element called as an object's own property is no trap", () => {
    const { roots } = readXml(`${head}<a><__proto__>1</__proto__><constructor>2</constructor></a>`)
    expect(roots[0]?.children.map(({ name, text }) => [name, text])).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ])
  })

  test("is empty where nothing was printed", () => {
    expect(readXml("\n \n")).toEqual({ roots: [], unread: [] })
  })
})
