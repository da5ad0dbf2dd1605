import { SitrepError } from '../model/errors.ts'
import { parseWhenWithin } from '../model/when.ts'

/** A window of receive times, ISO 8601 UTC. */
export interface Window {
  from?: string
  until?: string
}

/**
 * What `--since` and `--until` mean for a log that was kept from one time to another: a clock time is of a day of the log.
 * Throws SitrepError('usage') where one is no time, or where the window ends before it begins.
 */
export function windowOf(
  o: { since?: string; until?: string },
  kept: { from: string; to: string },
  now = new Date(),
): Window {
  const span = { from: new Date(kept.from), to: new Date(kept.to) }
  const since = o.since === undefined ? undefined : parseWhenWithin(o.since, now, span)
  const until = o.until === undefined ? undefined : parseWhenWithin(o.until, now, span, since)
  if (since !== undefined && until !== undefined && since > until) {
    throw new SitrepError('usage', `--since ${since.toISOString()} is after --until ${until.toISOString()}`, {
      next: sayKept(kept),
    })
  }
  return {
    ...(since === undefined ? {} : { from: since.toISOString() }),
    ...(until === undefined ? {} : { until: until.toISOString() }),
  }
}

/** Says that nothing was received in a window, and what there is. */
export function sayEmpty({ from, until }: Window, kept: { from: string; to: string }): string {
  const window = [from === undefined ? '' : ` from ${from}`, until === undefined ? '' : ` until ${until}`]
  return `nothing was received${window.join('')}; ${sayKept(kept)}`
}

function sayKept({ from, to }: { from: string; to: string }): string {
  return `the log was kept from ${from} to ${to}`
}
