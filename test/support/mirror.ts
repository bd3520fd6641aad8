/** Says which tests have no subject: test/<room>/x.test.ts is about src/<room>/x. */

/** Not about one file: contract suites, the simulation, all parsers, real managers, what tests are made of, and rules over all files. */
const exceptions = /^test\/(?:(?:contract|simulation|fuzz|live|support|rig)\/|architecture\.test\.ts$)/

/** The tests among `tests` that are about nothing in `sources`. A subject is a .ts file, a .sh file or a folder. */
export function mirror(tests: readonly string[], sources: readonly string[]): string[] {
  return tests.filter((path) => path.endsWith(".test.ts") && !exceptions.test(path)).filter((path) => !hasSubject(path))

  function hasSubject(path: string): boolean {
    // x.walltime.test.ts is one aspect of x.
    const subject = path.replace(/^test\//, "src/").replace(/(?:\.[\w-]+)?\.test\.ts$/, "")
    return sources.some(
      (source) => [`${subject}.ts`, `${subject}.sh`].includes(source) || source.startsWith(`${subject}/`),
    )
  }
}
