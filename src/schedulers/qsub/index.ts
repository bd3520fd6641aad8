/** What PBS Pro, OpenPBS and Torque have in common: qsub and its kin, their options, texts, states and exit statuses. */
export { control } from "./control.ts"
export { type Attributes, evidenceOf, isOverrun, numberIn } from "./evidence.ts"
export { qsubFailures } from "./failures.ts"
export { nativeOptions } from "./native.ts"
export { probe } from "./probe.ts"
export { meaningOf, outcomeOf, pbsEndings, pbsStates, torqueEndings, torqueStates } from "./states.ts"
export { commonOptions, layoutOf, mebibytes, readQsub, refuse, refuseSignal, walltimeOption } from "./submit.ts"
