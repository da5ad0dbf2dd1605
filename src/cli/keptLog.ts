import { loadIncident, stateRoot } from '../journal/incidents.ts'
import { locate } from '../journal/locate.ts'
import { inert } from '../logs/inert.ts'
import { inertDeep } from '../logs/inertDeep.ts'
import { type HostClock, placed } from '../logs/ownTime.ts'
import { hasLog, readLog, type StoredLine } from '../logs/store/read.ts'
import { SitrepError } from '../model/errors.ts'
import type { Incident } from '../model/incident.ts'
import { sayUncertainty } from '../model/uncertainty.ts'
import { parseSource, wantedLines } from './logSource.ts'

/** Which lines of a kept log are wanted, and how; times are ISO 8601 UTC of their receipt. */
export interface KeptOptions {
  incident: string
  since?: string
  until?: string
  grep?: string
  json?: boolean
}

/** Prints what an incident kept of one log, from disk; no host is contacted. */
export async function printKept(
  host: string,
  source: string,
  o: KeptOptions & { print(line: string): Promise<void> | undefined },
): Promise<void> {
  const { kind, name } = parseSource(source)
  const wanted = wantedLines(o.grep)
  await using located = await locate(stateRoot(), o.incident)
  const { incident } = await loadIncident(located.root, located.id)
  const named = { host, kind: kind.kind, name }
  if (!(await hasLog(located.dir, named)))
    throw new SitrepError('usage', `${incident.id} has nothing of ${source} on ${host}`, keptOnes(incident))
  const form = o.json === true ? jsonOf : textOf
  const lines = readLog(located.dir, named, {
    ...(o.since === undefined ? {} : { from: o.since }),
    ...(o.until === undefined ? {} : { until: o.until }),
    endOf: (file) => (Object.hasOwn(incident.logs, file) ? incident.logs[file]?.to : undefined),
  })
  for await (const line of lines) if (wanted.test(line.text)) await o.print(form(line, incident.clocks[host]))
}

function keptOnes({ logs }: Incident): { next: string } {
  const kept = [...new Set(Object.values(logs).map(({ host, source }) => `${host} ${source}`))].sort()
  return { next: kept.length === 0 ? 'no log of it was closed yet' : `closed logs of it: ${kept.join(', ')}` }
}

/** The line's own time by our clock; undefined where it bears none that can be believed. */
function ownMoment({ received, hostTime }: StoredLine, clock: HostClock | undefined) {
  if (hostTime === undefined) return undefined
  // How exactly the line said it is no longer known; noughts at the end may be a second that was said without them.
  const [, noughts = ''] = /(0*)Z?$/.exec(hostTime) ?? []
  return placed({ at: hostTime, resolutionMs: 10 ** Math.min(3, noughts.length) }, received, clock)
}

/** A line that was written longer before it came is one that was there when the log was first followed, in milliseconds. */
const earlier = 60_000

/** `RECEIVED  TEXT`; with the line's own time, corrected, where it is much older. A file changed by hand is text from outside. */
function textOf(line: StoredLine, clock: HostClock | undefined): string {
  const own = ownMoment(line, clock)
  const old = own !== undefined && Date.parse(line.received) - Date.parse(own.at) > earlier
  const mark = own?.uncertaintyMs === undefined ? '' : ` ${sayUncertainty(own.uncertaintyMs)}`
  const when = old ? `${line.received} (written ${own.at}${mark})` : line.received
  return inert(`${when}  ${line.stream === 'stderr' ? '! ' : ''}${line.text}`)
}

function jsonOf(line: StoredLine, clock: HostClock | undefined): string {
  return JSON.stringify(inertDeep({ ...line, ...ownMoment(line, clock) }))
}
