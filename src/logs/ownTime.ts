const iso = /\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(Z|[+-]\d{2}:?\d{2})?/
/** How far from its beginning a line's time may stand. */
const reach = 40
const hour = 3_600_000
/** No zone is further from UTC than this. */
const widestZone = 14 * hour

/**
 * When a log line says it was written, ISO 8601 UTC: an ISO 8601 time in its first 40 characters. A time without a zone
 * (`pm2 --time`) is the host's local time: it counts, read as UTC, only where the line is older than any zone explains.
 * Without such a time, or with one after it was received, undefined.
 */
export function ownTime(text: string, received: string): string | undefined {
  const found = iso.exec(text)
  if (!found || found.index >= reach) return undefined
  const zone = found[1]
  const plain = found[0].replace(' ', 'T').replace(',', '.')
  const form = zone === undefined ? `${plain}Z` : plain.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')
  const at = Date.parse(form)
  const age = Date.parse(received) - at
  if (!(age >= (zone === undefined ? widestZone : 0))) return undefined
  return new Date(at).toISOString()
}
