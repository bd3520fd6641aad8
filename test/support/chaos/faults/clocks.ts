/** Our clock is wrong, and jumps: everything that we start runs under libfaketime; the cluster's clock stays right. */
import { existsSync } from "node:fs"
import { rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Fault, Place, Setting } from "../fault.ts"

const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

export const clockSkewed: Fault = {
  name: "clock-skewed",
  title: "our clock is up to three hours wrong from the start, and jumps by up to three hours while jobs are submitted",
  rounds: 20,
  short: 8,
  prepare: wrongClock,
  job: () => ({ body: "sleep 1\n" }),
  strike: async (scene) => {
    await scene.moment()
    await setClock(scene.folder, skewOf(scene))
    await scene.strike("our clock jumped")
    await scene.running(1)
    await setClock(scene.folder, skewOf(scene))
    await scene.strike("our clock jumped again")
  },
  expected: { healths: [] },
}

async function wrongClock(place: Place): Promise<Setting> {
  if (!existsSync(library)) throw new Error("libfaketime is not there (apt-get install faketime)")
  await setClock(place.folder, skewOf(place))
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: fileIn(place.folder),
      FAKETIME_NO_CACHE: "1",
      // Time that passes is counted right; it is the wall clock that is wrong.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
  }
}

/** `+5400s`, `-300s` */
function skewOf({ dice }: Pick<Place, "dice">): string {
  const seconds = dice.whole(60, 10_800)
  return `${dice.chance(0.5) ? "+" : "-"}${seconds}s`
}

/** Renamed, so that nobody reads half of it. */
async function setClock(folder: string, skew: string): Promise<void> {
  await writeFile(`${fileIn(folder)}.new`, `${skew}\n`)
  await rename(`${fileIn(folder)}.new`, fileIn(folder))
}

function fileIn(folder: string): string {
  return join(folder, "faketime")
}
