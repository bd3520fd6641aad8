/** Starts the command once, as it is. */
import { type Launcher, plainLaunch } from "./launcher.ts"

export const none: Launcher = {
  name: "none",
  launch: () => plainLaunch([]),
}
