/** The simulator: the real engine on a virtual clock against a virtual cluster, with trouble that a seed repeats. */
export { type Broken, brokenEngines } from "./broken.ts"
export { type PlannedJob, type Scenario, drawScenario } from "./scenario.ts"
export { type Report, type SimulationOptions, simulate } from "./simulation.ts"
export { type Strike, strikes } from "./strikes.ts"
export { type Kill, type Span, type Trouble, drawTrouble, noTrouble } from "./trouble.ts"
export type { Violation } from "./testimony.ts"
export type { Behaviour } from "./wrapper.ts"
