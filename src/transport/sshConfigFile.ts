/** ~/.ssh/config without an OpenSSH client: the common keywords, no `Match exec`. */
import { readFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import SSHConfig from "ssh-config"
import type { Keywords, SshConfig } from "./sshSettings.ts"

/** What OpenSSH assumes where its configuration says nothing. */
const defaults: Readonly<Record<string, readonly string[]>> = {
  identityfile: ["rsa", "ecdsa", "ed25519"].map((type) => `~/.ssh/id_${type}`),
  userknownhostsfile: ["~/.ssh/known_hosts ~/.ssh/known_hosts2"],
  globalknownhostsfile: ["/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"],
}

export async function readConfigFile(config: SshConfig): Promise<Keywords> {
  const paths =
    config.configFile === undefined ? [join(homedir(), ".ssh/config"), "/etc/ssh/ssh_config"] : [config.configFile]
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8").catch(() => "")))
  return keywordsFor(config, texts.join("\n"))
}

/** Pure. The first value of a keyword counts; `identityfile` and `certificatefile` add up. */
export function keywordsFor(config: SshConfig, text: string): Keywords {
  const { host, user } = config
  const computed = SSHConfig.parse(text).compute({ Host: host, ...(user === undefined ? {} : { User: user }) })
  const keywords = new Map<string, readonly string[]>(Object.entries(defaults))
  for (const [keyword, value] of Object.entries(computed))
    keywords.set(keyword.toLowerCase(), [value].flat().map(String))
  const hostname = keywords.get("hostname")?.[0] ?? host
  return keywords.set("hostname", [hostname.replaceAll("%h", host)])
}
