import { SitrepError } from './errors.ts'

const second = 1000
const day = 86_400 * second
const units: Record<string, number> = { s: second, m: 60 * second, h: 3600 * second, d: day }

const ago = /^-(?:\d+[smhd])+$/
const clock = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/
const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/

/** True where the text has the form of a WHEN; it may still name a day that does not exist. */
export function looksLikeWhen(text: string): boolean {
  return ago.test(text) || clock.test(text) || iso.test(text)
}

/**
 * The moment that a person means by WHEN: `-10m` (also `-1h30m`; s, m, h, d), `HH:MM` or `HH:MM:SS` (UTC, the latest
 * that is past), or ISO 8601 (UTC where no offset is said). Throws SitrepError('usage') for anything else.
 */
export function parseWhen(text: string, now: Date): Date {
  const trimmed = text.trim()
  const at = parseAgo(trimmed, now) ?? parseClock(trimmed, now) ?? parseIso(trimmed)
  if (at === undefined || Number.isNaN(at.getTime())) {
    throw new SitrepError('usage', `'${trimmed}' is not a time`, {
      next: 'say it as 22:32 (UTC), -10m, or 2026-11-20T22:32:00Z',
    })
  }
  return at
}

/** The window that a person means by `FROM-TO` of two clock times, such as `22:32-22:41`: TO is the first one after FROM. */
export function parseClockRange(text: string, now: Date): { at: Date; until: Date } | undefined {
  const [from, to, more] = text.split(/[-–]/)
  if (from === undefined || to === undefined || more !== undefined) return undefined
  if (!clock.test(from) || !clock.test(to)) return undefined
  const at = parseWhen(from, now)
  const until = sameDay(to, at)
  return { at, until: until < at ? new Date(until.getTime() + day) : until }
}

function parseAgo(text: string, now: Date): Date | undefined {
  if (!ago.test(text)) return undefined
  let ms = 0
  for (const [, count, unit] of text.matchAll(/(\d+)([smhd])/g))
    ms += Number(count) * (units[unit ?? ''] ?? 0)
  return new Date(now.getTime() - ms)
}

function parseClock(text: string, now: Date): Date | undefined {
  if (!clock.test(text)) return undefined
  const today = sameDay(text, now)
  return today > now ? new Date(today.getTime() - day) : today
}

function sameDay(text: string, of: Date): Date {
  const [, hours, minutes, seconds] = clock.exec(text) ?? []
  const at = new Date(of)
  at.setUTCHours(Number(hours), Number(minutes), Number(seconds ?? 0), 0)
  return at
}

/** Date.parse takes 30 February for 2 March, so the day is compared with what came out. */
function parseIso(text: string): Date | undefined {
  const [, date, time = '00:00', zone = 'Z'] = iso.exec(text) ?? []
  if (date === undefined) return undefined
  const dayOnly = new Date(`${date}T00:00:00Z`)
  if (Number.isNaN(dayOnly.getTime()) || dayOnly.toISOString().slice(0, 10) !== date) return undefined
  return new Date(`${date}T${time}${zone}`)
}
