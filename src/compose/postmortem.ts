import { join } from 'node:path'
import { SitrepError } from '../model/errors.ts'
import { exportPostmortem } from '../postmortem/export.ts'
import { templates } from '../postmortem/templates/index.ts'
import type { OpenIncident } from './incident.ts'

/** Writes the postmortem (into the incident's folder where no path is given), and records that. */
export async function writePostmortem(
  incident: OpenIncident,
  o: { file?: string; template?: string } = {},
): Promise<{ path: string; kept: string[] }> {
  const file = o.file ?? join(incident.dir, 'postmortem.md')
  const written = await exportPostmortem({
    incident: incident.read(),
    template: templateOf(o.template),
    file,
  })
  await incident.append('export.written', { path: written.path, format: 'md', sha256: written.sha256 })
  return { path: written.path, kept: written.kept }
}

/** The template of this name; the first that ships where none is asked for. */
export function templateOf(name = 'incident'): (typeof templates)[number] {
  const found = templates.find((template) => template.name === name)
  if (found !== undefined) return found
  throw new SitrepError('usage', `there is no template ${name}`, {
    next: `known: ${templates.map(({ name }) => name).join(', ')}`,
  })
}
