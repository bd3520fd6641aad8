/** Retry: what an error means for the next try, and the circuit breaker of a manager. */
export { Breaker } from "./breaker.ts"
export { delayMsFor, policies } from "./policy.ts"
export { retrying } from "./retrying.ts"
