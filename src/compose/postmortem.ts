import { join } from 'node:path'
import { writeWhole } from '../journal/files.ts'
import { inertDeep } from '../logs/inertDeep.ts'
import { SitrepError } from '../model/errors.ts'
import type { Incident } from '../model/incident.ts'
import { type Exported, exportPostmortem } from '../postmortem/export.ts'
import { templates } from '../postmortem/templates/index.ts'
import type { OpenIncident } from './incident.ts'

/** Writes the postmortem (into the incident's folder where no path is given), and records that. */
export async function writePostmortem(
  incident: OpenIncident,
  o: { file?: string; template?: string } = {},
): Promise<{ path: string; kept: string[] }> {
  const file = o.file ?? join(incident.dir, 'postmortem.md')
  const written = await exportTo(file, incident.read(), o.template)
  await incident.append('export.written', { path: written.path, format: 'md', sha256: written.sha256 })
  return { path: written.path, kept: written.kept }
}

/** Writes the postmortem of an incident that is only read, such as one in an archive. */
export function exportTo(file: string, incident: Incident, template?: string): Promise<Exported> {
  return exportPostmortem({
    incident: inertDeep(incident),
    template: templateOf(template),
    file,
    write: writeWhole,
  })
}

/** The template of this name; the first that ships where none is asked for. */
export function templateOf(name = 'incident'): (typeof templates)[number] {
  const found = templates.find((template) => template.name === name)
  if (found !== undefined) return found
  throw new SitrepError('usage', `there is no template ${name}`, {
    next: `known: ${templates.map(({ name }) => name).join(', ')}`,
  })
}
