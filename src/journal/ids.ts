/** A readable incident id: the UTC day and the title's words, `2026-11-20-core-login-500`. */
export function incidentIdOf(title: string, now: number): string {
  return `${new Date(now).toISOString().slice(0, 10)}-${slugOf(title)}`
}

/** True for a text that may be an incident's folder: one path segment that is no option and no dot folder. */
export function isIncidentId(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,127}$/i.test(text)
}

const longest = 48

function slugOf(title: string): string {
  const words = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  let slug = ''
  for (const word of words) {
    if (slug !== '' && slug.length + 1 + word.length > longest) break
    slug = slug === '' ? word.slice(0, longest) : `${slug}-${word}`
  }
  return slug || 'incident'
}
