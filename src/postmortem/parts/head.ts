import type { RootContent } from 'mdast'
import { durationsOf } from '../../model/durations.ts'
import { milestones } from '../../model/event.ts'
import type { Incident } from '../../model/incident.ts'
import { milestoneWords } from '../../model/reduce/declared.ts'
import { sayMs } from '../../model/reduce/words.ts'
import { allChecks, lastUndo } from '../looks.ts'
import { sayTime } from '../times.ts'
import { heading, inlineCode, paragraph, strong, table } from '../tree.ts'

/** Title and the line that says what it was. */
export function summary(incident: Incident): RootContent[] {
  const { id, title, severity, status, responders, roles } = incident
  const people = [...Object.entries(roles).map(([role, name]) => `${role}: ${name}`), ...responders]
  return [
    heading(1, `Postmortem: ${title}`),
    paragraph(
      strong('Incident'),
      ' ',
      inlineCode(id),
      ` · `,
      strong('Severity'),
      ` ${severity} · `,
      strong('Status'),
      ` ${status}`,
      ...(people.length > 0 ? [' · ', strong('Responders'), ` ${people.join(', ')}`] : []),
    ),
    heading(2, 'Summary'),
    paragraph(summaryLine(incident)),
  ]
}

/** What was done and what came of it, in one line, from what was measured. */
function summaryLine(incident: Incident): string {
  const found = Object.values(incident.steps).filter(
    ({ uses, drift }) => uses !== 'manual' && drift?.outcome === 'would_change',
  )
  const fixed = Object.values(incident.steps).filter(
    ({ state, changes }) =>
      state === 'ok' && changes.some(({ applied }) => applied) && !changes.some(({ undone }) => undone),
  )
  const undone = Object.values(incident.steps).filter(({ state }) => state === 'undone')
  const all = allChecks(incident)
  const looked = all.filter(({ before }) => before)
  const undoneAt = lastUndo(incident)
  const passed = looked.filter(({ after }) => after?.verdict === 'ok')
  const early = passed.filter(({ after }) => undoneAt !== undefined && after!.at < undoneAt).length
  const never = all.filter(({ last }) => !last).length
  const bad = looked.filter(({ before }) => before!.verdict !== 'ok').length
  const good =
    early === 0
      ? `${passed.length} passed after`
      : early === passed.length
        ? `${early} passed before the undo`
        : `${passed.length - early} passed after (${early} more before the undo)`
  const parts = [
    `${incident.title}.`,
    found.length > 0
      ? `${count(found.length, 'step')} of the runbook found drift`
      : 'No drift was found by a runbook',
    fixed.length > 0 ? `; ${count(fixed.length, 'fix', 'fixes')} applied and verified` : '',
    undone.length > 0 ? `; ${count(undone.length, 'step')} undone` : '',
    '.',
    looked.length > 0 ? ` Of ${count(looked.length, 'check')}, ${bad} failed before and ${good}.` : '',
    never > 0 ? ` ${count(never, 'check')} ${never === 1 ? 'was' : 'were'} never looked at.` : '',
  ]
  return `${parts[0]} ${parts.slice(1).join('')}`
}

/** When people were affected, and what they noticed where that was said. */
export function impact(incident: Incident): RootContent[] {
  const { impact_started: started, mitigated, resolved } = incident.milestones
  const end = mitigated ?? resolved
  const from = started?.at ?? incident.declaredAt
  const unsaid = started ? '' : ' (declared; when the impact started was not set)'
  const window = end
    ? `From ${sayTime(from)}${unsaid} to ${sayTime(end.at)}${lasted(from, end.at)}.`
    : `From ${sayTime(from)}${unsaid}; no end is recorded.`
  return [heading(2, 'Impact'), paragraph(window), ...(incident.impact ? [paragraph(incident.impact)] : [])]
}

function lasted(from: string, to: string): string {
  const ms = Date.parse(to) - Date.parse(from)
  return ms >= 0 ? ` (${sayMs(ms)})` : ''
}

/** Milestones that were set, and durations with their definitions. */
export function milestonesAndDurations(incident: Incident): RootContent[] {
  const set = milestones.flatMap((name) => {
    const milestone = incident.milestones[name]
    return milestone ? [[milestoneWords[name], sayTime(milestone.at)]] : []
  })
  const durations = durationsOf(incident).map(({ name, from, to, ms }) => [
    name,
    ms === undefined
      ? 'not known'
      : ms < 0
        ? 'not known (the milestones stand in the wrong order)'
        : sayMs(ms),
    `${milestoneWords[from]} → ${milestoneWords[to].toLowerCase()}`,
  ])
  return [
    heading(2, 'Milestones and durations'),
    table(['Milestone', 'Time'], set),
    table(['Duration', 'Value', 'Definition'], durations),
  ]
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}
