import { kinds } from '../compose/kinds.ts'
import { loadIncident, stateRoot } from '../journal/incidents.ts'
import { locate } from '../journal/locate.ts'
import { inert } from '../logs/inert.ts'
import { inertDeep } from '../logs/inertDeep.ts'
import { type HostClock, placed } from '../logs/ownTime.ts'
import { type KeptLog, keptLogs } from '../logs/store/kept.ts'
import { readLog, type StoredLine, spanOf } from '../logs/store/read.ts'
import { SitrepError } from '../model/errors.ts'
import type { Incident } from '../model/incident.ts'
import { sayUncertainty } from '../model/uncertainty.ts'
import { sayEmpty, windowOf } from './keptWindow.ts'
import { parseSource, wantedLines } from './logSource.ts'
import { say } from './output.ts'

/** Which lines of a kept log are wanted, and how; times are those of their receipt, as a person says them. */
export interface KeptOptions {
  incident: string
  since?: string
  until?: string
  grep?: string
  json?: boolean
}

/** Prints what an incident kept of one log, or without a source which logs of the host it kept; no host is contacted. */
export async function printKept(
  host: string,
  source: string | undefined,
  o: KeptOptions & { print(line: string): Promise<void> | undefined },
): Promise<void> {
  const parsed = source === undefined ? undefined : parseSource(source)
  const wanted = wantedLines(o.grep)
  await using located = await locate(stateRoot(), o.incident)
  const { incident } = await loadIncident(located.root, located.id)
  if (parsed === undefined) {
    // Awaited here: what was unpacked of an archive is removed at the end of this scope.
    await printNames(host, located.dir, incident, o)
    return
  }
  const named = { host, kind: parsed.kind.kind, name: parsed.name }
  const endOf = (file: string) => (Object.hasOwn(incident.logs, file) ? incident.logs[file]?.to : undefined)
  const span = await spanOf(located.dir, named, endOf)
  if (span === undefined)
    throw nothingOf(`${source} on ${host}`, incident, await allKept(located.dir, incident))
  const form = o.json === true ? jsonOf : textOf
  const window = windowOf(o, span)
  let empty = true
  for await (const line of readLog(located.dir, named, { ...window, endOf })) {
    empty = false
    if (wanted.test(line.text)) await o.print(form(line, incident.clocks[host]))
  }
  if (empty) say(inert(sayEmpty(window, span)))
}

/** Prints `HOST KIND:NAME` for each log of a host, as it is asked for. */
async function printNames(
  host: string,
  dir: string,
  incident: Incident,
  o: { json?: boolean; print(line: string): Promise<void> | undefined },
): Promise<void> {
  const all = await allKept(dir, incident)
  const own = all.filter((log) => 'host' in log && log.host === host)
  if (own.length === 0) throw nothingOf(host, incident, all)
  for (const log of own) await o.print(o.json === true ? JSON.stringify(inertDeep(log)) : sayLog(log))
}

function nothingOf(what: string, { id }: Incident, all: readonly KeptLog[]): SitrepError {
  const next = all.length === 0 ? 'no log was kept of it' : `kept of it: ${all.map(sayLog).join(', ')}`
  return new SitrepError('usage', `${id} has nothing of ${what}`, { next })
}

function allKept(dir: string, { logs }: Incident): Promise<KeptLog[]> {
  const known = Object.values(logs).map(({ host, source }) => {
    const colon = source.indexOf(':')
    return { host, kind: source.slice(0, colon), name: source.slice(colon + 1) }
  })
  return keptLogs(
    dir,
    known,
    kinds.logSources.map(({ kind }) => kind),
  )
}

function sayLog(log: KeptLog): string {
  return inert('host' in log ? `${log.host} ${log.kind}:${log.name}` : log.folder)
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
