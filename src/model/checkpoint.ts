// A checkpoint says where each writer's chain stood at a moment. A cut tail leaves a chain that is valid in itself, so
// what a later look is held against has to be kept elsewhere: in an export, in a file, or as one line that was printed.
import { createHash } from 'node:crypto'
import type { Incident } from './incident.ts'

/** Where each writer's chain stood; writers in the order of their names. */
export interface Checkpoint {
  incident: string
  writers: { writer: string; seq: number; hash: string }[]
}

/** What the one line says: enough to find the same moment again, not to see what is missing. */
export interface CheckpointLine {
  incident: string
  records: number
  writers: number
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
export function recordsOf({ writers }: Checkpoint): number {
  return writers.reduce((sum, { seq }) => sum + seq, 0)
}

/** The checkpoint as people see it: `incident ID  N records by M writers  sha256:…`. */
export function sayCheckpoint(checkpoint: Checkpoint): string {
  const [records, writers] = [recordsOf(checkpoint), checkpoint.writers.length]
  const many = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`
  return `incident ${checkpoint.incident}  ${many(records, 'record')} by ${many(writers, 'writer')}  ${checkpointHash(checkpoint)}`
}

const line =
  /\bincident ([a-z0-9][a-z0-9._-]{0,127}) {2}(\d{1,15}) records? by (\d{1,9}) writers? {2}(sha256:[0-9a-f]{64})/i
const row = /^\| `([^`|\s]+)` +\| (\d{1,15}) +\| `(sha256:[0-9a-f]{64})` +\|$/gm
const section = /<!-- sitrep:begin record [0-9a-f]{64} -->\n([\s\S]*?)\n<!-- sitrep:end record -->/

/**
 * Reads what a checkpoint was printed as: `checkpoint.json`, an export with its section "Record", or a text that holds
 * the one line. Undefined where the text holds none, or one that does not agree with itself.
 */
export function parseCheckpoint(text: string): Checkpoint | CheckpointLine | undefined {
  if (text.trimStart().startsWith('{')) return fromJson(text)
  const generated = section.exec(text.replaceAll('\r\n', '\n'))?.[1]
  const said = line.exec(generated ?? text)
  if (said === null) return undefined
  const told: CheckpointLine = {
    incident: said[1]!,
    records: Number(said[2]),
    writers: Number(said[3]),
    hash: said[4]!.toLowerCase(),
  }
  if (generated === undefined) return told
  const writers = [...generated.matchAll(row)].map(([, writer, seq, hash]) => ({
    writer: writer!,
    seq: Number(seq),
    hash: hash!,
  }))
  const checkpoint = orderedCheckpoint(told.incident, writers)
  return checkpointHash(checkpoint) === told.hash ? checkpoint : undefined
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
