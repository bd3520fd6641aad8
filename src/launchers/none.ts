/** Starts the command once, as it is. */
import type { Launcher } from "./launcher.ts"

export const none: Launcher = {
  name: "none",
  wrap: (argv) => argv,
}
