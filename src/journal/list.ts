import { readFile } from 'node:fs/promises'
import { messageOf } from '../model/errors.ts'
import type { EventRecord } from '../model/event.ts'
import type { IncidentSummary } from '../model/incident.ts'
import { foldAll } from '../model/reduce.ts'
import { decodeLine, splitLines } from './decode.ts'
import { journalFiles } from './files.ts'
import { incidentDir, incidentIds } from './incidents.ts'
import { inOrder } from './read.ts'

// A summary needs these only; the other lines are not even parsed, which makes a list of long incidents cheap.
const wanted = /"type":"(?:incident\.|status\.|milestone\.)/

/** All incidents, newest first; one that can't be read is told among the problems and hides no other. */
export async function listIncidents(
  root: string,
): Promise<{ incidents: IncidentSummary[]; problems: string[] }> {
  const incidents: IncidentSummary[] = []
  const problems: string[] = []
  for (const id of await incidentIds(root)) {
    try {
      const found = await summaryOf(incidentDir(root, id), id)
      if ('problem' in found) problems.push(`${id}: ${found.problem}`)
      else incidents.push(found)
    } catch (error) {
      problems.push(`${id}: ${messageOf(error)}`)
    }
  }
  incidents.sort((a, b) =>
    a.started < b.started ? 1 : a.started > b.started ? -1 : b.id.localeCompare(a.id),
  )
  return { incidents, problems }
}

async function summaryOf(dir: string, id: string): Promise<IncidentSummary | { problem: string }> {
  const records: EventRecord[] = []
  let updated = ''
  for (const { path } of await journalFiles(dir)) {
    const { lines } = splitLines(await readFile(path))
    for (const [index, line] of lines.entries()) {
      const last = index === lines.length - 1
      if (!last && !wanted.test(line)) continue
      const decoded = decodeLine(line)
      if (!('record' in decoded)) continue
      if (last && decoded.record.at > updated) updated = decoded.record.at
      if (wanted.test(line)) records.push(decoded.record)
    }
  }
  if (updated === '') return { problem: 'nothing was recorded' }
  const incident = foldAll(inOrder(records), id)
  if (incident.declaredAt === '') return { problem: 'no record declares it' }
  const { title, severity, status, milestones } = incident
  const started = milestones.impact_started?.at ?? incident.declaredAt
  return { id, title, severity, status, started, updated }
}
