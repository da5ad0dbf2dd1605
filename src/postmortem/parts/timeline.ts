import type { RootContent } from 'mdast'
import type { Incident } from '../../model/incident.ts'
import { sayUncertainty } from '../../model/uncertainty.ts'
import type { Evidence } from '../evidence.ts'
import { timesOf } from '../times.ts'
import { heading, inlineCode, linkTo, paragraph, table } from '../tree.ts'

/** What happened, in UTC, each row with a link to what proves it. Exports are no part of the incident. */
export function timeline(incident: Incident, evidence: readonly Evidence[]): RootContent[] {
  const rows = incident.timeline.filter(({ kind }) => kind !== 'export')
  if (rows.length === 0) return [heading(2, 'Timeline'), paragraph('Nothing was recorded.')]
  const times = timesOf(rows.flatMap(({ at, until }) => (until === undefined ? [at] : [at, until])))
  const numbers = new Map(evidence.map(({ event, number }) => [event, number]))
  return [
    heading(2, 'Timeline'),
    table(
      [times.column, 'What', 'Host', 'By', 'Evidence'],
      rows.map((row) => {
        const number = numbers.get(row.event)
        const link = number === undefined ? [] : [linkTo(`evidence-${number}`, `Evidence ${number}`)]
        const label = row.evidence === undefined ? [] : [`${row.evidence}${number === undefined ? '' : ', '}`]
        return [
          row.uncertaintyMs === undefined
            ? times.range(row.at, row.until)
            : `${times.range(row.at, row.until)} ${sayUncertainty(row.uncertaintyMs)}`,
          row.text,
          row.host ?? '',
          inlineCode(row.by),
          [...label, ...link],
        ]
      }),
    ),
  ]
}
