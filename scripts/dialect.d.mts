export function dialectDigest(name: string): string
