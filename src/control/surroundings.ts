/** What a submission takes from the process that makes it: its working directory, and the secrets that the spec names. */
import type { SubmitRequest } from "../hawser.ts"
import { isRecord } from "./protocol.ts"

/** The controller stands elsewhere and has another environment, so the request carries what it means. */
export function withSurroundings(
  request: SubmitRequest,
  base: string = process.cwd(),
  env: NodeJS.ProcessEnv = process.env,
): SubmitRequest {
  const secrets = { ...secretsOf(request.spec, env), ...request.secrets }
  return { ...request, base: request.base ?? base, ...(Object.keys(secrets).length > 0 ? { secrets } : {}) }
}

/** The values of `{fromEnv: NAME}`, of those names that are set. */
function secretsOf(spec: unknown, env: NodeJS.ProcessEnv): Record<string, string> {
  const variables = isRecord(spec) ? spec["env"] : undefined
  if (!isRecord(variables)) return {}
  return Object.fromEntries(
    Object.values(variables).flatMap((value): [string, string][] => {
      const name = isRecord(value) ? value["fromEnv"] : undefined
      const secret = typeof name === "string" ? env[name] : undefined
      return typeof name === "string" && secret !== undefined ? [[name, secret]] : []
    }),
  )
}
