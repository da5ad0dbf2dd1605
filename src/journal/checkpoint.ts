import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { decodeLine, splitLines } from './decode.ts'
import { journalFiles, writeWhole } from './files.ts'
import { sha256 } from './hash.ts'

/** Where each writer's chain stood at a moment: what a later look is held against, since a cut tail leaves a valid chain. */
export interface Checkpoint {
  incident: string
  writers: { writer: string; seq: number; hash: string }[]
}

/** The checkpoint of an incident as its files stand now. */
export async function checkpointOf(dir: string): Promise<Checkpoint> {
  const writers: Checkpoint['writers'] = []
  for (const { writer, path } of await journalFiles(dir)) {
    const line = splitLines(await readFile(path)).lines.at(-1)
    const decoded = line === undefined ? undefined : decodeLine(line)
    if (decoded && 'record' in decoded)
      writers.push({ writer, seq: decoded.record.seq, hash: decoded.record.hash })
  }
  return { incident: basename(dir), writers }
}

/** One line that stands for a checkpoint, to be kept elsewhere: its sha256. */
export function checkpointHash(checkpoint: Checkpoint): string {
  return sha256(JSON.stringify(checkpoint))
}

const file = (dir: string) => join(dir, 'checkpoint.json')

/** Leaves the checkpoint in the incident's folder; a writer that it knew and that is gone or shorter now stays as it was known. */
export async function writeCheckpoint(dir: string): Promise<void> {
  const [now, before] = [await checkpointOf(dir), await readCheckpoint(dir)]
  const known = new Map(now.writers.map((entry) => [entry.writer, entry]))
  for (const entry of before?.writers ?? []) {
    if ((known.get(entry.writer)?.seq ?? -1) < entry.seq) known.set(entry.writer, entry)
  }
  const writers = [...known.values()].sort((a, b) => (a.writer < b.writer ? -1 : 1))
  await writeWhole(file(dir), `${JSON.stringify({ incident: now.incident, writers })}\n`)
}

/** The checkpoint that was left last; undefined where there is none that can be read. */
export async function readCheckpoint(dir: string): Promise<Checkpoint | undefined> {
  try {
    const value = JSON.parse(await readFile(file(dir), 'utf8')) as Checkpoint
    return Array.isArray(value.writers) ? value : undefined
  } catch {
    return undefined
  }
}
