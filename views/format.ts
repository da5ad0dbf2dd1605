/** `03:12:09` of an ISO 8601 UTC time. */
export function clockOf(iso: string): string {
  return iso.slice(11, 19)
}

/** `0:41:12`, and `2d 03:04:05` from a day on; never negative. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const days = Math.floor(seconds / 86_400)
  const two = (n: number) => String(n).padStart(2, '0')
  const minutesOn = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  const hours = Math.floor(seconds / 3600) % 24
  return days > 0 ? `${days}d ${two(hours)}:${minutesOn}` : `${hours}:${minutesOn}`
}

/** `4 s`, `3 min`, `5 h`, `2 d`: an age for a list. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** `1 step`, `3 steps`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}
