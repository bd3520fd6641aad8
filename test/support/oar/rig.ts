/** The rig's OAR. */
import { rig } from "../rig.ts"

/** Why there is none; null: there is. */
export const noOar: string | null =
  typeof rig === "string" ? rig : rig.pids["almighty"] === undefined ? "the rig has no OAR (rig/rig.sh up --oar)" : null
