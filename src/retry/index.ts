/** Retry: what an error means for the next try, and the circuit breaker of a manager. */
export { Breaker } from "./breaker.ts"
export { type Policies, type Policy, delayMsFor, policies } from "./policy.ts"
export { type RetryOptions, retrying } from "./retrying.ts"
