export const seldomReal: Readonly<Record<"flux" | "pbs", readonly string[]>>
export function dialectDigest(name: keyof typeof seldomReal): string
