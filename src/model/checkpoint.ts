// A checkpoint says where each writer's chain stood at a moment. A cut tail leaves a chain that is valid in itself, so
// what a later look is held against has to be kept elsewhere: in an export, in a file, or as one line that was printed.
import { createHash } from 'node:crypto'
import type { Incident } from './incident.ts'

/** Where each writer's chain stood; writers in the order of their names. */
export interface Checkpoint {
  incident: string
  writers: { writer: string; seq: number; hash: string }[]
}

/** What the one line says: how far each chain was known, and one hash for where they stood there. */
export interface CheckpointLine {
  incident: string
  /** `writer` is a name as `shownWriter` gives it, or only its last part. */
  seqs: { writer: string; seq: number }[]
  /** `sha256:` and 64 hex digits, of the checkpoint. */
  hash: string
}

/** The checkpoint of an incident as it was folded. */
export function checkpointOfIncident({ id, writers }: Pick<Incident, 'id' | 'writers'>): Checkpoint {
  return orderedCheckpoint(
    id,
    Object.entries(writers).map(([writer, { seq, hash }]) => ({ writer, seq, hash })),
  )
}

/** A checkpoint with its writers in order. */
export function orderedCheckpoint(incident: string, writers: Checkpoint['writers']): Checkpoint {
  const sorted = writers.map(({ writer, seq, hash }) => ({ writer, seq, hash }))
  return { incident, writers: sorted.sort((a, b) => (a.writer < b.writer ? -1 : 1)) }
}

/** `sha256:` and the hex sha256 of a checkpoint's JSON, as `checkpoint.json` holds it on its one line. */
export function checkpointHash(checkpoint: Checkpoint): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(checkpoint)).digest('hex')}`
}

/** How many records a checkpoint covers. */
export function recordsOf(writers: readonly { seq: number }[]): number {
  return writers.reduce((sum, { seq }) => sum + seq, 0)
}

/** A writer's name as one word of a line, whatever a file may be called. */
export function shownWriter(writer: string): string {
  return writer.replace(/[^A-Za-z0-9_.-]/g, '?')
}

/**
 * The checkpoint as one line to keep: `incident ID  N records by M writers  sha256:…  (writer:seq …)`. A writer is named
 * by the last part of its id, which no other has. The numbers are there since what one console has read of another's
 * file at its end is no moment in the order of all records.
 */
export function sayCheckpoint(checkpoint: Checkpoint): string {
  const names = checkpoint.writers.map(({ writer }) => shownWriter(writer))
  const short = names.map((name) => /-([0-9a-f]{12})$/.exec(name)?.[1] ?? name)
  const seqs = checkpoint.writers.map(({ seq }, index) => {
    const own = short[index]!
    return `${short.indexOf(own) === short.lastIndexOf(own) ? own : names[index]}:${seq}`
  })
  return `${sayCheckpointHead(checkpoint)}  (${seqs.join(' ')})`
}

/** The same without the numbers of each writer: where they stand in a table below. */
export function sayCheckpointHead(checkpoint: Checkpoint): string {
  const [records, writers] = [recordsOf(checkpoint.writers), checkpoint.writers.length]
  const many = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`
  return `incident ${checkpoint.incident}  ${many(records, 'record')} by ${many(writers, 'writer')}  ${checkpointHash(checkpoint)}`
}

const head =
  /^incident\s+([a-z0-9][a-z0-9._-]{0,127})\s+(\d{1,15})\s+records?\s+by\s+(\d{1,9})\s+writers?\s+(sha256:[0-9a-f]{64})/i
const line = new RegExp(`${head.source}\\s+\\(((?:[A-Za-z0-9_.?-]+:\\d{1,15}\\s*)*)\\)`, 'i')
/** Of the line in characters: some thousands of writers. */
const longestLine = 100_000
const row = /^\| `([^`|\s]+)` +\| (\d{1,15}) +\| `(sha256:[0-9a-f]{64})` +\|$/gm
const section = /<!-- sitrep:begin record [0-9a-f]{64} -->\n([\s\S]*?)\n<!-- sitrep:end record -->/

/**
 * Reads what a checkpoint was printed as: `checkpoint.json`, an export with its section "Record", or a text that holds
 * the one line. Undefined where the text holds none, or one that does not agree with itself.
 */
export function parseCheckpoint(text: string): Checkpoint | CheckpointLine | undefined {
  if (text.trimStart().startsWith('{')) return fromJson(text)
  const plain = text.replaceAll('\r\n', '\n')
  const generated = section.exec(plain)?.[1]
  if (generated !== undefined) return fromSection(generated)
  for (const { index } of plain.matchAll(/\bincident\s/gi)) {
    const rest = plain.slice(index, index + longestLine)
    // What was copied from a terminal may be broken where the window ended: at a blank, or within a word.
    const told = fromLine(rest) ?? fromLine(rest.replaceAll('\n', ''))
    if (told !== undefined) return told
  }
  return undefined
}

function fromSection(text: string): Checkpoint | undefined {
  const said = head.exec(text.slice(Math.max(0, text.search(/\bincident .* by \d+ writers? /i))))
  if (said === null) return undefined
  const writers = [...text.matchAll(row)].map(([, writer, seq, hash]) => ({
    writer: writer!,
    seq: Number(seq),
    hash: hash!,
  }))
  const checkpoint = orderedCheckpoint(said[1]!, writers)
  return checkpointHash(checkpoint) === said[4]!.toLowerCase() ? checkpoint : undefined
}

function fromLine(text: string): CheckpointLine | undefined {
  const said = line.exec(text)
  if (said === null) return undefined
  const words = said[5]!.split(/\s+/).filter((word) => word !== '')
  const seqs = words.map((word) => {
    const colon = word.lastIndexOf(':')
    return { writer: word.slice(0, colon), seq: Number(word.slice(colon + 1)) }
  })
  const agrees = recordsOf(seqs) === Number(said[2]) && seqs.length === Number(said[3])
  return agrees ? { incident: said[1]!, seqs, hash: said[4]!.toLowerCase() } : undefined
}

function fromJson(text: string): Checkpoint | undefined {
  let value: Partial<Checkpoint>
  try {
    value = JSON.parse(text) as Partial<Checkpoint>
  } catch {
    return undefined
  }
  const { incident, writers } = value
  if (typeof incident !== 'string' || !Array.isArray(writers)) return undefined
  return writers.every(isEntry) ? orderedCheckpoint(incident, writers) : undefined
}

function isEntry(value: unknown): value is Checkpoint['writers'][number] {
  const { writer, seq, hash } = (value ?? {}) as Record<string, unknown>
  return typeof writer === 'string' && Number.isSafeInteger(seq) && typeof hash === 'string'
}
