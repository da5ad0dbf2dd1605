import { relative } from 'node:path'
import { incidentDir, loadIncident } from '../journal/incidents.ts'
import { contentsOf } from '../journal/remove.ts'
import { inert } from '../logs/inert.ts'
import { messageOf } from '../model/errors.ts'
import { sizeText } from './print/size.ts'

/** What a deletion takes away and what it leaves elsewhere, in lines for a person. An incident that can't be read is told so, and can be deleted all the same. */
export async function whatGoes(root: string, id: string): Promise<string[]> {
  const dir = incidentDir(root, id)
  const { journal, logs, artifacts, other } = await contentsOf(dir)
  const part = (name: string, { files, bytes }: { files: number; bytes: number }) =>
    files === 0 ? [] : [`  ${name}: ${files} ${files === 1 ? 'file' : 'files'}, ${sizeText(bytes)}`]
  const parts = [
    ...part('record', journal),
    ...part('logs', logs),
    ...part('artifacts', artifacts),
    ...part('postmortem and others', other),
  ]
  try {
    const { incident } = await loadIncident(root, id)
    const elsewhere = [...new Set(incident.exports.map(({ path }) => path))].filter((path) =>
      relative(dir, path).startsWith('..'),
    )
    return [
      inert(`${id}: ${incident.title} (${incident.events} events)`),
      ...parts,
      ...(elsewhere.length === 0 ? [] : ['What was written elsewhere stays:']),
      ...elsewhere.map((path) => inert(`  ${path}`)),
    ]
  } catch (error) {
    return [inert(`${id}: ${messageOf(error)}`), ...parts, 'What was exported elsewhere is not known.']
  }
}
