import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { SitrepError } from '../../model/errors.ts'
import type { EventRecord } from '../../model/event.ts'
import { byOrder } from '../../model/reduce/order.ts'
import { foldAll } from '../../model/reduce.ts'
import { isAlive } from '../alive.ts'
import { decodeLine } from '../decode.ts'
import { journalFiles } from '../files.ts'
import { eachLine } from '../lines.ts'
import { erasureOf, filesOf, isErasable } from '../named.ts'

/** Where a record's line stands, and what it becomes. */
export interface ErasableLine {
  id: string
  writer: string
  /** The byte of the journal file at which the line starts, and its length without its newline. */
  start: number
  bytes: number
  /** The record without its salt and data. */
  text: string
}

/** What an erasure would do; nothing was done yet. */
export interface Erasure {
  /** The event whose data goes: its line, and what a person needs to recognise it. */
  event?: { line: ErasableLine; type: string; at: string; by: string; host?: string; step?: string }
  /** Files that go, relative to the incident's folder. */
  files: string[]
  /** Files of the event that stay, since other events name them. */
  staying: { file: string; events: string[] }[]
  /** For a file that goes: events that name it, which may hold its first lines. */
  named: string[]
  /** Exports that were written after the event and may hold it. */
  exports: string[]
}

/**
 * Finds what `what` names: an event by its id or the unique beginning of one, or a file `artifacts/…`, `logs/…` or
 * `journal/….torn-N`. Throws SitrepError('usage') where there is no such thing or it can't be erased.
 */
export async function findErasure(dir: string, what: string): Promise<Erasure> {
  const isFile = what.includes('/')
  if (isFile) await requireFile(dir, what)
  const search = await searchRecords(dir, isFile ? undefined : what)
  const exportsAfter = (hlc: string, only?: string) => [
    ...new Set(
      search.exports.flatMap((found) =>
        found.hlc > hlc && (only === undefined || found.format === only) ? [found.path] : [],
      ),
    ),
  ]
  if (isFile) {
    const named = search.naming.get(what) ?? []
    return { files: [what], staying: [], named, exports: exportsAfter('', 'archive') }
  }
  const { record, line } = theOne(search.matches, what)
  if (record.type === 'erased') {
    throw new SitrepError('usage', `${record.id} says that something was erased: it can't be erased itself`)
  }
  if (record.data === undefined) {
    const reason = search.erased.get(record.id) ?? ''
    throw new SitrepError('usage', `${record.id} was erased already${reason === '' ? '' : `: ${reason}`}`)
  }
  const files: string[] = []
  const staying: Erasure['staying'] = []
  for (const { file } of filesOf(record)) {
    const events = (search.naming.get(file) ?? []).filter((id) => id !== record.id)
    if (events.length > 0) staying.push({ file, events })
    else files.push(file)
  }
  const { step, host } = (record.data ?? {}) as { step?: unknown; host?: unknown }
  const { type, at, by } = record
  return {
    event: {
      line,
      type,
      at,
      by,
      ...(typeof host === 'string' ? { host } : {}),
      ...(typeof step === 'string' ? { step } : {}),
    },
    files,
    staying,
    named: [],
    exports: exportsAfter(record.hlc),
  }
}

interface Match {
  record: EventRecord
  line: ErasableLine
}

async function searchRecords(dir: string, prefix: string | undefined) {
  const matches: Match[] = []
  const naming = new Map<string, string[]>()
  const erased = new Map<string, string>()
  const exports: { path: string; format: string; hlc: string }[] = []
  for (const { writer, path } of await journalFiles(dir)) {
    await eachLine(path, (bytes, start) => {
      const decoded = decodeLine(bytes.toString('utf8'))
      if (!('record' in decoded)) return
      const { record } = decoded
      for (const { file } of filesOf(record)) naming.set(file, [...(naming.get(file) ?? []), record.id])
      const erasure = erasureOf(record)
      if (erasure?.event !== undefined) erased.set(erasure.event, erasure.reason)
      if (record.type === 'export.written') {
        const { path: at, format } = (record.data ?? {}) as { path?: unknown; format?: unknown }
        if (typeof at === 'string') exports.push({ path: at, format: String(format), hlc: record.hlc })
      }
      if (prefix !== undefined && record.id.startsWith(prefix)) {
        const { data: _data, salt: _salt, ...rest } = record
        const line = { id: record.id, writer, start, bytes: bytes.length, text: JSON.stringify(rest) }
        matches.push({ record, line })
      }
    })
  }
  return { matches, naming, erased, exports }
}

function theOne(matches: readonly Match[], prefix: string): Match {
  const exact = matches.filter(({ record }) => record.id === prefix)
  const found = exact.length > 0 ? exact : matches
  if (found.length === 1 && prefix !== '') return found[0]!
  if (found.length === 0 || prefix === '') {
    const next = '`sitrep timeline INCIDENT --ids` shows the ids of its events'
    throw new SitrepError('usage', prefix === '' ? 'no event was named' : `no event ${prefix}`, { next })
  }
  const records = found.map(({ record }) => record).sort(byOrder)
  const lines = records.slice(0, mostListed).map(candidateLine)
  if (records.length > mostListed) lines.push(`and ${records.length - mostListed} more`)
  const list = lines.map((line) => `\n  ${line}`).join('')
  throw new SitrepError('usage', `${records.length} events begin with ${prefix}:${list}`, {
    next: 'give the whole id, or more of it',
  })
}

const mostListed = 20
const longestLine = 60

/** What a person needs to tell one event from another: `ID  TIME  TYPE  what it is`. */
function candidateLine(record: EventRecord): string {
  const { id, at, type, data } = record
  return [id, `${at.slice(0, 19)}Z`, type, data === undefined ? '(erased)' : shortText(record)].join('  ')
}

/** An event in one short line, as the timeline says it; where that has no row for it, who wrote it and of what. */
function shortText(record: EventRecord): string {
  const row = foldAll([record], '').timeline[0]
  const { host, step } = (record.data ?? {}) as { host?: unknown; step?: unknown }
  const told = row?.text ?? [record.by, step].filter((word) => typeof word === 'string').join(' ')
  const where = typeof host === 'string' ? `${host}: ` : ''
  const line = `${where}${told}`.replace(/\s+/g, ' ')
  return line.length <= longestLine ? line : `${line.slice(0, longestLine - 1)}…`
}

async function requireFile(dir: string, file: string): Promise<void> {
  if (!isErasable(file)) {
    throw new SitrepError('usage', `${file} is not a file that can be erased`, {
      next: 'give an event, or a file as artifacts/…, logs/… or journal/….torn-N',
    })
  }
  const found = await lstat(join(dir, file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (found?.isFile() !== true) throw new SitrepError('usage', `there is no file ${file}`, { where: dir })
  const pid = /-(\d+)-[0-9a-f]{12}(?:\.\d+)?\.log$/.exec(file)?.[1]
  if (pid !== undefined && isAlive(Number(pid))) {
    throw new SitrepError('usage', `${file} is still being written by process ${pid}`, {
      next: 'close that console first',
    })
  }
}
