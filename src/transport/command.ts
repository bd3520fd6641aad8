/** Any command that gives `sh` on its stdin and stdout: `docker exec -i`, `kubectl exec -i`, a site's own wrapper of ssh. */
import type { Clock } from "../clock.ts"
import { type Argv, childShells } from "./childShells.ts"
import type { Transport } from "./transport.ts"

/**
 * The command is started once for each channel, about eight times for a session. It is a program of this machine like
 * any that the user starts, so it gets the environment that names its daemons, agents and proxies (`DOCKER_HOST`,
 * `KUBECONFIG`, `SSH_AUTH_SOCK`); what that program hands on is its own affair. Hawser's own variables stay here.
 */
export function commandTransport(argv: Argv, clock: Clock): Transport {
  return {
    address: argv.join(" "),
    connect: () =>
      Promise.resolve(
        childShells(
          clock,
          () => argv,
          (name) => !name.startsWith("HAWSER_"),
        ),
      ),
  }
}
