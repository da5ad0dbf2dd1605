import { messageOf } from '../model/errors.ts'
import type { EventRecord } from '../model/event.ts'
import type { IncidentSummary } from '../model/incident.ts'
import { byOrder } from '../model/reduce/order.ts'
import { foldAll } from '../model/reduce.ts'
import { decodeLine } from './decode.ts'
import { journalFiles } from './files.ts'
import { incidentDir, incidentIds } from './incidents.ts'
import { lastLine } from './lines.ts'
import { openPieces } from './pieces.ts'

// A summary needs these only; the other lines are not even made into text, which makes a list of long incidents cheap.
const wanted = ['incident.', 'status.', 'milestone.'].map((start) => Buffer.from(start))
const typeKey = Buffer.from('"type":"')
const newline = 0x0a
const pieceBytes = 512 * 1024

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
    await eachWanted(path, (record) => records.push(record))
    const last = await lastLine(path)
    const decoded = last && decodeLine(last.line.toString())
    if (decoded && 'record' in decoded && decoded.record.at > updated) updated = decoded.record.at
  }
  if (updated === '') return { problem: 'nothing was recorded' }
  const incident = foldAll(records.sort(byOrder), id)
  if (incident.declaredAt === '') return { problem: 'no record declares it' }
  const { title, severity, status, milestones } = incident
  const started = milestones.impact_started?.at ?? incident.declaredAt
  return { id, title, severity, status, started, updated }
}

/** The records of a file whose type is wanted. The type stands before the data, so its first place in a line is its own. */
async function eachWanted(path: string, take: (record: EventRecord) => void): Promise<void> {
  const pieces = await openPieces(path, { size: pieceBytes, from: 0 })
  try {
    for (let piece = await pieces.next(); piece; piece = await pieces.next()) {
      const { bytes } = piece
      let type = -1
      for (let start = 0; start < bytes.length; ) {
        const end = bytes.indexOf(newline, start)
        // Found far ahead where lines have none; it is looked for again only once that place is passed.
        if (type < start) type = after(bytes, typeKey, start)
        if (type < end && isWanted(bytes, type)) {
          const decoded = decodeLine(bytes.toString('utf8', start, end))
          if ('record' in decoded) take(decoded.record)
        }
        start = end + 1
      }
    }
  } finally {
    await pieces.close()
  }
}

function after(bytes: Buffer, key: Buffer, from: number): number {
  const at = bytes.indexOf(key, from)
  return at < 0 ? bytes.length : at + key.length
}

function isWanted(bytes: Buffer, at: number): boolean {
  return wanted.some(
    (start) =>
      bytes[at] === start[0] && start.compare(bytes, at, Math.min(bytes.length, at + start.length)) === 0,
  )
}
