import { UTCDateMini } from '@date-fns/utc/date/mini'
import { format } from 'date-fns/format'
import { isValid } from 'date-fns/isValid'
import { parseISO } from 'date-fns/parseISO'

/** How times of one incident are written: only the time where all fall on one UTC day, else day and time. */
export interface Times {
  /** The heading of a column of times. */
  column: string
  at(iso: string): string
  range(from: string, until?: string): string
}

const timeOf = (iso: string) => format(new UTCDateMini(iso), 'HH:mm:ss')
const dayOf = (iso: string) => format(new UTCDateMini(iso), 'yyyy-MM-dd')

/** The form for some times, which is the same for the same times. */
export function timesOf(all: readonly string[]): Times {
  const days = new Set(all.filter(isTime).map(dayOf))
  const [day] = days
  const oneDay = days.size === 1
  const at = (iso: string): string =>
    isTime(iso) ? (oneDay ? timeOf(iso) : `${dayOf(iso)} ${timeOf(iso)}`) : iso
  return {
    column: oneDay ? `Time (UTC, ${day})` : 'Time (UTC)',
    at,
    range(from, until) {
      if (until === undefined) return at(from)
      const end = isTime(until) && isTime(from) && dayOf(from) === dayOf(until) ? timeOf(until) : at(until)
      return `${at(from)}–${end}`
    },
  }
}

/** Day and time for a sentence: `2026-11-20 22:16:04 UTC`. */
export function sayTime(iso: string): string {
  return isTime(iso) ? `${dayOf(iso)} ${timeOf(iso)} UTC` : iso
}

function isTime(iso: string): boolean {
  return isValid(parseISO(iso))
}
