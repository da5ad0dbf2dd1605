import { type ClockOffset, isClock } from '../model/clock.ts'

/** The time that a log line bears, by the clock of its host. */
export interface OwnTime {
  /** ISO 8601 with milliseconds: UTC with its `Z`, or the host's local time, without one, where the line says no zone. */
  at: string
  /** What the line leaves open: 1,000 ms for a time that is said to the second. */
  resolutionMs: number
}

/** What is known of a host's clock: its time minus ours, how sure that is, and when it was measured. */
export interface HostClock extends ClockOffset {
  at: string
}

/** Only the beginning of a line is looked at. */
const reach = 96
const iso =
  /^.{0,39}?(\d{4})([-/])(\d{2})\2(\d{2})[T ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?/
/** Common Log Format (Apache, nginx): `[20/Nov/2026:22:16:04 +0000]`. */
const clf = /\[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})\]/
/** Seconds (zap, as Caddy has it) or milliseconds (pino) since the epoch, in JSON. */
const epoch = /^\{.{0,39}?"(?:ts|time|timestamp)":(\d{10})(?:(\d{3})|\.(\d{1,9}))?[,}]/
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const hour = 3_600_000
/** No zone is further from UTC than this. */
const widestZone = 14 * hour
/** How far a clock of a computer may drift from itself: 100 parts in a million. */
const drift = 1e-4

/** The time that a line says it was written, in the forms of ISO 8601, Common Log Format, and epochs in JSON; undefined where it says none. */
export function ownTime(text: string): OwnTime | undefined {
  const head = text.length > reach ? text.slice(0, reach) : text
  const found = iso.exec(head)
  if (found) {
    const [, year, , month, day, time, fraction, zone] = found
    return stated(`${year}-${month}-${day}T${time}`, fraction, zone)
  }
  const said = clf.exec(head)
  if (said) {
    const [, day, month = '', year, time, hours, minutes] = said
    const number = String(months.indexOf(month) + 1).padStart(2, '0')
    return stated(`${year}-${number}-${day}T${time}`, undefined, `${hours}:${minutes}`)
  }
  const since = epoch.exec(head)
  if (!since) return undefined
  const fraction = since[2] ?? since[3]
  return stated(new Date(Number(since[1]) * 1000).toISOString().slice(0, 19), fraction, 'Z')
}

function stated(
  seconds: string,
  fraction: string | undefined,
  zone: string | undefined,
): OwnTime | undefined {
  const utc = utcSecond(seconds, zone ?? 'Z')
  if (utc === undefined) return undefined
  const at = `${utc}.${fraction === undefined ? '000' : fraction.slice(0, 3).padEnd(3, '0')}`
  return {
    at: zone === undefined ? at : `${at}Z`,
    resolutionMs: fraction === undefined ? 1000 : 10 ** Math.max(0, 3 - fraction.length),
  }
}

/** The lines of a busy log mostly bear the same second. */
let last: { seconds: string; zone: string; utc: string | undefined } | undefined

const fourDigits = /^\d{4}-/

/** A second in UTC, without its `Z`: zones are whole minutes from it. Undefined for a time that does not exist. */
function utcSecond(seconds: string, zone: string): string | undefined {
  if (last?.seconds === seconds && last.zone === zone) return last.utc
  const form = zone === 'Z' || zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`
  const at = Date.parse(seconds + form)
  const text = Number.isNaN(at) ? '' : new Date(at).toISOString()
  // A zone can lead out of the years of four digits.
  const utc = fourDigits.test(text) ? text.slice(0, 19) : undefined
  last = { seconds, zone, utc }
  return utc
}

/**
 * When a line was written by our clock, as far as its own time tells: corrected by the offset of its host's clock, with
 * what remains unsure (the measurement, what the line leaves open, what a clock drifts since it was measured). Without a
 * known clock it is taken as it is. A time without a zone (`pm2 --time`) is the host's local time: it counts, read as
 * UTC, only where the line is older than any zone explains. Undefined where that is after the line was received, or no
 * time; a clock that can't be one (a journal may hold anything) is not known. Never throws.
 */
export function placed(
  own: OwnTime,
  received: string,
  told?: HostClock,
): { at: string; uncertaintyMs?: number } | undefined {
  const got = Date.parse(received)
  const clock = told !== undefined && isClock(told) && !Number.isNaN(Date.parse(told.at)) ? told : undefined
  if (!own.at.endsWith('Z')) {
    const at = Date.parse(`${own.at}Z`)
    return got - at >= widestZone ? { at: `${own.at}Z`, uncertaintyMs: widestZone } : undefined
  }
  const at = Date.parse(own.at) - (clock?.offsetMs ?? 0)
  if (clock === undefined) return at <= got ? { at: own.at } : undefined
  const drifted = Math.abs(at - Date.parse(clock.at)) * drift
  const uncertaintyMs = Math.ceil(clock.uncertaintyMs + own.resolutionMs + drifted)
  if (!(at - uncertaintyMs <= got)) return undefined
  // It was written before it came.
  return { at: new Date(Math.min(at, got)).toISOString(), uncertaintyMs }
}
