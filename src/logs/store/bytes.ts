export const mebi = 1024 * 1024

/** `256 MiB`, or `1000 bytes` below one. */
export function sayBytes(bytes: number): string {
  return bytes >= mebi ? `${Math.floor(bytes / mebi)} MiB` : `${bytes} bytes`
}
