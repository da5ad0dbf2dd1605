import type { Room } from '../../src/console.types.ts'
import type { Severity } from '../../src/model/event.ts'
import type { HostState } from '../../src/model/host.ts'
import { clockOf, elapsed } from '../format.ts'
import { ends, type Row } from '../row.ts'
import type { Tone } from '../theme.ts'
import { hostWord, severityOf } from './hosts.ts'

/** The tone of a severity; its word is always there too. */
export function severityTone(severity: Severity): Tone {
  if (severity === 'sev1') return 'alarm'
  return severity === 'sev2' ? 'bad' : severity === 'sev3' ? 'warn' : 'plain'
}

/** How long the incident lasts: from the start of the impact (or its declaration) until it was resolved, or until now. */
function duration(room: Room, now: number): number {
  const { milestones, declaredAt } = room.incident
  const start = Date.parse(milestones.impact_started?.at ?? declaredAt)
  const end = milestones.resolved?.at ?? milestones.closed?.at
  return (end === undefined ? now : Date.parse(end)) - start
}

/** `2/2 hosts`, and by name which is not there. */
function hostsSpan(hosts: Record<string, HostState>): readonly [string, Tone] {
  const all = Object.entries(hosts)
  const ready = all.filter(([, state]) => state.is === 'ready').length
  if (all.length === 0) return ['no hosts', 'dim']
  const [worst] = all
    .filter(([, state]) => state.is !== 'ready' && state.is !== 'idle')
    .toSorted(([, a], [, b]) => severityOf(a) - severityOf(b))
  if (!worst) return [`${ready}/${all.length} hosts`, ready === all.length ? 'ok' : 'plain']
  const [name, state] = worst
  const { word, loud } = hostWord(state)
  return [`${ready}/${all.length} hosts, ${name} ${word}`, loud ? 'bad' : 'warn']
}

/** The line that always says severity, title, status, elapsed time, hosts connected, and UTC. */
export function statusRow(room: Room, now: number, width: number): Row {
  const { incident } = room
  const gap = width >= 100 ? '   ' : '  '
  return ends(
    [
      [` ${incident.severity.toUpperCase()} `, severityTone(incident.severity)],
      ' ',
      [incident.title, 'strong'],
    ],
    [
      [incident.status, 'accent'],
      `${gap}${elapsed(duration(room, now))}${gap}`,
      hostsSpan(room.hosts),
      gap,
      [`${clockOf(new Date(now).toISOString())} UTC`, 'plain'],
    ],
    width,
  )
}
