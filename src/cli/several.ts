/** An option that may be given several times. */
import { Option } from "commander"

export function several(flags: string, description: string): Option {
  return new Option(flags, description)
    .default([], "")
    .argParser((value: string, before: readonly string[]) => [...before, value])
}
