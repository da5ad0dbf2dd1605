import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { messageOf } from '../model/errors.ts'
import { decodeLine } from './decode.ts'
import { journalFiles } from './files.ts'
import { eachLine } from './lines.ts'
import { fieldsFound } from './scan/record.ts'
import { scanText } from './scan/text.ts'
import { filesUnder } from './verify/files.ts'

/** The rules of today: what texts and values become when what they must not hold is replaced by marks. */
export interface Rules {
  text(text: string): string
  deep<T>(value: T): T
}

/** Something that should not be in the record. Its value is in no part of this. */
export interface Finding {
  /** `secret:NAME` for a known value, `redacted:jwt` and the like for a shape. */
  kind: string
  /** The event that holds it, and where in it. */
  event?: string
  type?: string
  field?: string
  /** The file that holds it, relative to the incident's folder; `line` counts from 1. */
  file?: string
  line?: number
  /** On how many lines of the file. */
  lines?: number
}

/** A file that could not be looked through. */
export interface ScanProblem {
  file: string
  reason: string
}

/** Looks again at all records, and at all files in an incident's folder but its journal. Nothing is changed. */
export async function scanIncident(
  dir: string,
  rules: Rules,
): Promise<{ found: Finding[]; problems: ScanProblem[] }> {
  const found: Finding[] = []
  const problems: ScanProblem[] = []
  for (const { path } of await journalFiles(dir)) {
    await eachLine(path, (bytes) => {
      const decoded = decodeLine(bytes.toString('utf8'))
      if (!('record' in decoded)) return
      const { id, type, data } = decoded.record
      for (const { field, kind } of fieldsFound(data, rules.deep))
        found.push({ kind, event: id, type, field })
    })
  }
  for (const file of await filesUnder(dir, [''])) {
    if (isOurs(file)) continue
    try {
      found.push(...(await scanFile(join(dir, file), rules)).map((one) => ({ ...one, file })))
    } catch (error) {
      problems.push({ file, reason: messageOf(error) })
    }
  }
  return { found, problems }
}

/** Journals were looked at as records; the others hold no text from outside. */
function isOurs(file: string): boolean {
  return /^journal\/.*\.jsonl$/.test(file) || /^(?:checkpoint|erase-[0-9a-f-]{36})\.json$/.test(file)
}

/** What a file holds, by kind: the first line, and on how many. */
async function scanFile(path: string, rules: Rules): Promise<Finding[]> {
  const byKind = new Map<string, { line: number; lines: number }>()
  const source = createReadStream(path)
  const gunzip = (await isGzip(path)) ? createGunzip() : undefined
  if (gunzip) source.on('error', (error) => gunzip.destroy(error)).pipe(gunzip)
  try {
    await scanText(gunzip ?? source, rules.text, ({ line, kind }) => {
      const before = byKind.get(kind)
      if (before) before.lines++
      else byKind.set(kind, { line, lines: 1 })
    })
  } finally {
    source.destroy()
    gunzip?.destroy()
  }
  return [...byKind].map(([kind, place]) => ({ kind, ...place }))
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await file.close()
  }
}

/** The secrets that an incident's events name, with where each came from; never a value. */
export async function secretsNamed(dir: string): Promise<{ name: string; source: string }[]> {
  const named = new Map<string, string>()
  for (const { path } of await journalFiles(dir)) {
    await eachLine(path, (bytes) => {
      if (!bytes.includes('"type":"secret.registered"')) return
      const decoded = decodeLine(bytes.toString('utf8'))
      const data = 'record' in decoded ? decoded.record.data : undefined
      const { name, source } = (data ?? {}) as { name?: unknown; source?: unknown }
      if (typeof name === 'string' && typeof source === 'string') named.set(name, source)
    })
  }
  return [...named].map(([name, source]) => ({ name, source }))
}
