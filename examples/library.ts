/** The library in a few lines: the snippet of the README, with a job that runs anywhere. */
import { openHawser } from "hawser"

await using hawser = await openHawser()
const job = await hawser.submit(
  { script: "#!/bin/sh\necho 'energy -3.74' > relax.out\n", outputs: ["*.out"] },
  { key: "relax/Al" },
)
const { state, directory } = await job.result()
console.log(`${state} ${directory}/relax.out`)
