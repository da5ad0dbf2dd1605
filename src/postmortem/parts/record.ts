import type { RootContent } from 'mdast'
import { checkpointOfIncident, sayCheckpointHead } from '../../model/checkpoint.ts'
import type { Incident } from '../../model/incident.ts'
import { code, heading, inlineCode, paragraph, table } from '../tree.ts'

/** Where the chains stood when this was written: what `sitrep verify --against` reads from an export. */
export function record(incident: Pick<Incident, 'id' | 'writers'>): RootContent[] {
  const checkpoint = checkpointOfIncident(incident)
  return [
    heading(2, 'Record'),
    paragraph(
      'Where the record stood when this was written. ',
      inlineCode(`sitrep verify ${incident.id} --against FILE`),
      ' holds it against this.',
    ),
    code(sayCheckpointHead(checkpoint), 'text'),
    table(
      ['Writer', 'Records', 'Hash of the last'],
      checkpoint.writers.map(({ writer, seq, hash }) => [inlineCode(writer), `${seq}`, inlineCode(hash)]),
    ),
  ]
}
