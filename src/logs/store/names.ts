// How the files of followed logs are called: `logs/<host>-<kind>-<name>-<hash>/<first receive time>-<writer>.log`, with
// `.gz` behind it once a part is closed. The times sort as text.
import { createHash } from 'node:crypto'
import type { LogSource } from '../../model/log.ts'

/** What names a log: its host, the kind of source and the name within it. */
export type SourceName = Pick<LogSource, 'host' | 'kind' | 'name'>

/** A part of a followed log, as its file name tells. */
export interface PartName {
  /** Without the folder: `20261120T221604.123Z-ana-laptop-4711-9f2c41d07b3a.log`, never with `.gz`. */
  base: string
  /** When its first line was received, ISO 8601 UTC. */
  from: string
  writer: string
}

/** The folder of logs in an incident's folder. */
export const logsFolder = 'logs'

/**
 * The folder of one log, relative to the incident's: what is unfit for a file name becomes `_`, and a piece of a hash
 * keeps those apart that then look the same.
 */
export function sourceFolder({ host, kind, name }: SourceName): string {
  const safe = (text: string) => text.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 60)
  const hash = createHash('sha256')
    .update(JSON.stringify([host, kind, name]))
    .digest('hex')
    .slice(0, 8)
  return `${logsFolder}/${safe(host)}-${safe(kind)}-${safe(name)}-${hash}`
}

/** The name of a part whose first line was received at a time; `nth` keeps parts of the same millisecond apart. */
export function partBase(from: string, writer: string, nth = 1): string {
  return `${from.replace(/[-:]/g, '')}-${writer}${nth === 1 ? '' : `.${nth}`}.log`
}

const form = /^((\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3}Z)-([A-Za-z0-9_-]+)(?:\.\d+)?\.log)(\.gz)?$/

/** Reads a file's name as that of a part; undefined for any other file. */
export function parsePart(file: string): (PartName & { closed: boolean }) | undefined {
  const found = form.exec(file)
  if (!found) return undefined
  const [, base = '', year, month, day, hours, minutes, seconds, writer = '', gz] = found
  const from = `${year}-${month}-${day}T${hours}:${minutes}:${seconds}`
  return { base, from, writer, closed: gz !== undefined }
}

const beside = /^(.+\.log)\.gz\.([A-Za-z0-9_-]+)\.part$/

/** The name of a file that a console compresses a part into, before it has its name. */
export function unfinishedName(base: string, writer: string): string {
  return `${base}.gz.${writer}.part`
}

/** The console that left a half-compressed part behind, by its file's name. */
export function unfinishedBy(file: string): string | undefined {
  return beside.exec(file)?.[2]
}
