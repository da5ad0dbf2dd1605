import { UTCDateMini } from '@date-fns/utc/date/mini'
import { addDays } from 'date-fns/addDays'
import { isValid } from 'date-fns/isValid'
import { parseISO } from 'date-fns/parseISO'
import { set } from 'date-fns/set'
import { sub } from 'date-fns/sub'
import { SitrepError } from './errors.ts'

type Unit = 'seconds' | 'minutes' | 'hours' | 'days'

const units: Record<string, Unit> = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' }

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
  if (at === undefined || !isValid(at)) {
    throw new SitrepError('usage', `'${trimmed}' is not a time`, {
      next: 'say it as 22:32 (UTC), -10m, or 2026-11-20T22:32:00Z',
    })
  }
  return at
}

/** What a window of clock times is about: where it may lie. */
export interface Span {
  from: Date
  to: Date
}

/** A clock time this far outside a span does not mean it. */
const beside = 12 * 3_600_000

/**
 * A WHEN that is about something that happened from one time to another: a clock time is on the day on which it lies
 * within that, the last one where there are several, or nearest to it. As the end of a window it is the first one that is
 * not before `since`, unless that is far outside. Throws SitrepError('usage') like parseWhen.
 */
export function parseWhenWithin(text: string, now: Date, span: Span, since?: Date): Date {
  const time = text.trim()
  if (!clock.test(time) || !isValid(span.from) || !isValid(span.to)) return parseWhen(time, now)
  const from = Math.min(+span.from, +span.to)
  const to = Math.max(+span.from, +span.to)
  const away = (at: Date) => Math.max(from - +at, +at - to, 0)
  const days: Date[] = []
  // Newest first: the day after the span's end is the last one that can be near it.
  for (let at = sameDay(time, addDays(new Date(to), 1)); ; at = addDays(at, -1)) {
    days.push(at)
    if (+at < from) break
  }
  const later = since === undefined ? [] : days.filter((at) => at >= since && away(at) <= beside)
  const ending = later.at(-1)
  if (ending !== undefined) return ending
  return days.reduce((best, at) => (away(at) < away(best) ? at : best))
}

/** The window that a person means by `FROM-TO` of two clock times, such as `22:32-22:41`: TO is the first one after FROM. */
export function parseClockRange(text: string, now: Date): { at: Date; until: Date } | undefined {
  const [from, to, more] = text.split(/[-–]/)
  if (from === undefined || to === undefined || more !== undefined) return undefined
  if (!clock.test(from) || !clock.test(to)) return undefined
  const at = parseWhen(from, now)
  const until = sameDay(to, at)
  return { at, until: until < at ? addDays(until, 1) : until }
}

function parseAgo(text: string, now: Date): Date | undefined {
  if (!ago.test(text)) return undefined
  const past: Partial<Record<Unit, number>> = {}
  for (const [, count, unit] of text.matchAll(/(\d+)([smhd])/g)) {
    const name = units[unit ?? ''] ?? 'seconds'
    past[name] = (past[name] ?? 0) + Number(count)
  }
  return new Date(+sub(new UTCDateMini(now), past))
}

function parseClock(text: string, now: Date): Date | undefined {
  if (!clock.test(text)) return undefined
  const today = sameDay(text, now)
  return today > now ? addDays(today, -1) : today
}

function sameDay(text: string, of: Date): Date {
  const [, hours, minutes, seconds] = clock.exec(text) ?? []
  const time = {
    hours: Number(hours),
    minutes: Number(minutes),
    seconds: Number(seconds ?? 0),
    milliseconds: 0,
  }
  return new Date(+set(new UTCDateMini(of), time))
}

function parseIso(text: string): Date | undefined {
  const [, date, time = '00:00', zone = 'Z'] = iso.exec(text) ?? []
  if (date === undefined) return undefined
  // Date.parse takes 30 February for 2 March; parseISO refuses it.
  return parseISO(`${date}T${time}${zone}`)
}
