// Reading a log back from disk by time: all its parts, of every console, plain and compressed, as one stream in order of
// receive time. Only the parts whose time has come are open.
import { basename, join } from 'node:path'
import { messageOf } from '../../model/errors.ts'
import { entriesOf, isCode } from './files.ts'
import { parseLine, type StoredLine } from './lineForm.ts'
import { type PartName, parsePart, type SourceName, sourceFolder } from './names.ts'
import { lineChunks } from './textLines.ts'

export type { StoredLine } from './lineForm.ts'

/** What of a log is wanted. */
export interface ReadOptions {
  /** Received at or after this time, ISO 8601 UTC. */
  from?: string
  /** Received at or before it. */
  until?: string
  /** At most this many lines, the first ones. */
  limit?: number
  /** When a closed part ends, by its file (`log.kept`): what ends before `from` is not even opened. */
  endOf?(file: string): string | undefined
}

/** When the first and the last line of a log were received, ISO 8601 UTC; undefined where nothing of it was kept. */
export async function spanOf(
  dir: string,
  source: SourceName,
  endOf: ReadOptions['endOf'] = () => undefined,
): Promise<{ from: string; to: string } | undefined> {
  const parts = await partsOf(dir, source)
  const [first] = parts
  if (first === undefined) return undefined
  let to = first.from
  for (const part of parts) {
    const end = endOf(part.file) ?? (await lastReceived(dir, part))
    if (end > to) to = end
  }
  return { from: first.from, to }
}

async function lastReceived(dir: string, { file, from }: Part): Promise<string> {
  let last = from
  try {
    for await (const lines of lineChunks(join(dir, file)))
      last = parseLine(lines.at(-1) ?? '')?.received ?? last
  } catch {
    // As far as it can be read; reading its lines tells why no further.
  }
  return last
}

/** True where something of a log was kept. */
export async function hasLog(dir: string, source: SourceName): Promise<boolean> {
  return (await partsOf(dir, source)).length > 0
}

/**
 * The lines of a log as they were kept, in order of receive time. A line that does not have its form (a file that was
 * changed by hand) has the time of the line before it; a part that can't be read to its end ends with a line that says so.
 */
export async function* readLog(
  dir: string,
  source: SourceName,
  o: ReadOptions = {},
): AsyncGenerator<StoredLine> {
  const { from = '', until, limit = Number.POSITIVE_INFINITY } = o
  const waiting = (await partsOf(dir, source)).filter(
    (part) => (until === undefined || part.from <= until) && (o.endOf?.(part.file) ?? from) >= from,
  )
  const open: PartReader[] = []
  let given = 0
  try {
    while (given < limit) {
      const next = earliest(open)
      const part = waiting[0]
      // A part is opened when its first line may be the next one.
      if (part !== undefined && (next === undefined || part.from <= next.head.received)) {
        waiting.shift()
        const reader = await startReading(dir, part)
        if (reader !== undefined) open.push(reader)
        continue
      }
      if (next === undefined) return
      const { head } = next
      if (until !== undefined && head.received > until) return
      if (head.received >= from) {
        given++
        yield head
      }
      if (!(next.step() || (await next.fill()))) open.splice(open.indexOf(next), 1)
    }
  } finally {
    await Promise.all(open.map((reader) => reader.close()))
  }
}

interface Part extends PartName {
  /** Relative to the incident's folder, as `log.kept` names it. */
  file: string
}

/** The parts of a log in order of their beginnings; one that stands there plain and compressed is counted once. */
async function partsOf(dir: string, source: SourceName): Promise<Part[]> {
  const folder = sourceFolder(source)
  const names = await entriesOf(join(dir, folder))
  return names
    .flatMap((name) => {
      const part = parsePart(name)
      if (part === undefined || (!part.closed && names.includes(`${name}.gz`))) return []
      return [{ ...part, file: `${folder}/${name}` }]
    })
    .sort((a, b) => (a.from === b.from ? (a.base < b.base ? -1 : 1) : a.from < b.from ? -1 : 1))
}

interface PartReader {
  /** The line that comes next. */
  head: StoredLine
  /** Goes on to the next line where it is in memory. */
  step(): boolean
  /** Reads on; false at the end. */
  fill(): Promise<boolean>
  close(): Promise<unknown>
}

/** Reads a part from its first line; undefined where there is none. */
async function startReading(dir: string, { file, from }: Part): Promise<PartReader | undefined> {
  const chunks = lineChunks(join(dir, file))
  let lines: string[] = []
  let index = 0
  let ended = false

  const reader: PartReader = {
    head: { received: from, stream: 'sitrep', text: '' },
    step() {
      const line = lines[index++]
      if (line === undefined) return false
      const parsed = parseLine(line)
      const { received } = reader.head
      // Within a part the time never goes back.
      if (parsed === undefined) reader.head = { received, stream: 'stdout', text: line }
      else reader.head = parsed.received < received ? { ...parsed, received } : parsed
      return true
    },
    async fill() {
      if (ended) return false
      try {
        const next = await chunks.next()
        ended = next.done === true
        lines = next.done === true ? [] : next.value
      } catch (error) {
        ended = true
        // Removed meanwhile, to keep the bound.
        if (isCode(error, 'ENOENT')) return false
        const text = `‹sitrep: ${basename(file)} can't be read from here on: ${messageOf(error)}›`
        reader.head = { received: reader.head.received, stream: 'sitrep', text }
        return true
      }
      index = 0
      return !ended && reader.step()
    },
    close: () => chunks.return(undefined),
  }
  return (await reader.fill()) ? reader : undefined
}

function earliest(open: readonly PartReader[]): PartReader | undefined {
  let first: PartReader | undefined
  for (const reader of open)
    if (first === undefined || reader.head.received < first.head.received) first = reader
  return first
}
