/** Programs that a script of a test finds before all others. */

/** Programs of these names, for `command` looks past functions. */
export function programs(texts: Readonly<Record<string, string>>): string {
  return [
    `hz_bin=$(mktemp -d)`,
    ...Object.entries(texts).map(
      ([name, text]) => `cat >"$hz_bin/${name}" <<'HZ'\n#!/bin/sh\n${text}\nHZ\nchmod +x "$hz_bin/${name}"`,
    ),
    "PATH=$hz_bin:$PATH\n",
  ].join("\n")
}
