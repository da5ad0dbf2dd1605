import { messageOf } from '../model/errors.ts'
import type { EventRecord } from '../model/event.ts'
import type { Incident, IncidentSummary } from '../model/incident.ts'
import { byOrder } from '../model/reduce/order.ts'
import { foldAll } from '../model/reduce.ts'
import { decodeLine } from './decode.ts'
import { journalFiles } from './files.ts'
import { foldJournal } from './fold.ts'
import { incidentDir, incidentIds } from './incidents.ts'
import { lastLine } from './lines.ts'
import { openPieces } from './pieces.ts'

// A summary needs these only; the other lines are not even made into text, which makes a list of long incidents cheap.
const wanted = ['incident.', 'status.', 'milestone.'].map((start) => Buffer.from(start))
const typeKey = Buffer.from('"type":"')
const newline = 0x0a
const pieceBytes = 512 * 1024
/** So many lines of one incident that can't be read are told one by one. */
const mostSaid = 3

/**
 * All incidents, newest first. One with lines that can't be read is listed as far as it can be, and told among the problems;
 * one of which nothing can be read is told there only. Neither hides another.
 */
export async function listIncidents(
  root: string,
): Promise<{ incidents: IncidentSummary[]; problems: string[] }> {
  const incidents: IncidentSummary[] = []
  const problems: string[] = []
  for (const id of await incidentIds(root)) {
    try {
      const dir = incidentDir(root, id)
      const whole = await summaryOf(dir, id)
      const { summary, problem } = whole === undefined ? await salvage(dir, id) : { summary: whole }
      if (summary !== undefined) incidents.push(summary)
      if (problem !== undefined) problems.push(`${id}: ${problem}`)
    } catch (error) {
      problems.push(`${id}: ${messageOf(error)}`)
    }
  }
  incidents.sort((a, b) =>
    a.started < b.started ? 1 : a.started > b.started ? -1 : b.id.localeCompare(a.id),
  )
  return { incidents, problems }
}

/** The summary of an incident whose wanted lines and ends are as they were written; undefined for any other. */
async function summaryOf(dir: string, id: string): Promise<IncidentSummary | undefined> {
  const records: EventRecord[] = []
  let updated = ''
  for (const { path } of await journalFiles(dir)) {
    if (!(await eachWanted(path, (record) => records.push(record)))) return undefined
    const last = await lastLine(path)
    if (last === undefined) continue
    const decoded = decodeLine(last.line.toString())
    if (!('record' in decoded)) return undefined
    if (decoded.record.at > updated) updated = decoded.record.at
  }
  const incident = foldAll(records.sort(byOrder), id)
  if (incident.declaredAt === '') return undefined
  return { ...summarise(incident, incident.declaredAt), updated }
}

/** What can be read of an incident that is not as it was written, and what is wrong with it. */
async function salvage(dir: string, id: string): Promise<{ summary?: IncidentSummary; problem?: string }> {
  const { fold, declared, problems } = await foldJournal(dir, id)
  const incident = fold.incident()
  const said = problems
    .slice(0, mostSaid)
    .map(({ writer, line, reason }) => `${writer} line ${line}: ${reason}`)
  if (problems.length > mostSaid) said.push('and more: `sitrep timeline` tells them')
  if (incident.events === 0) return { problem: said.length === 0 ? 'nothing was recorded' : said.join('; ') }
  if (incident.declaredAt === '') said.push('no record that can be read declares it')
  const started = incident.declaredAt || (declared?.at ?? incident.timeline[0]?.at ?? incident.updatedAt)
  return {
    summary: { ...summarise(incident, started), updated: incident.updatedAt },
    ...(said.length === 0 ? {} : { problem: said.join('; ') }),
  }
}

function summarise({ id, title, severity, status, milestones }: Incident, declared: string) {
  return { id, title, severity, status, started: milestones.impact_started?.at ?? declared }
}

/**
 * Gives the records of a file whose type is wanted; false where such a line can't be read. The type stands before the data,
 * so its first place in a line is its own.
 */
async function eachWanted(path: string, take: (record: EventRecord) => void): Promise<boolean> {
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
          if (!('record' in decoded)) return false
          take(decoded.record)
        }
        start = end + 1
      }
    }
    return true
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
