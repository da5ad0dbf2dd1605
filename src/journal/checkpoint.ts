import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Checkpoint, orderedCheckpoint, parseCheckpoint } from '../model/checkpoint.ts'
import { decodeLine } from './decode.ts'
import { journalFiles, writeWhole } from './files.ts'
import { lastLine } from './lines.ts'
import { whileLocked } from './lock.ts'

/** The checkpoint of an incident as its files stand now; `id` where the folder is not named by it. */
export async function checkpointOf(dir: string, id = basename(dir)): Promise<Checkpoint> {
  const writers: Checkpoint['writers'] = []
  for (const { writer, path } of await journalFiles(dir)) {
    const last = await lastLine(path)
    const decoded = last && decodeLine(last.line.toString('utf8'))
    if (decoded && 'record' in decoded)
      writers.push({ writer, seq: decoded.record.seq, hash: decoded.record.hash })
  }
  return orderedCheckpoint(id, writers)
}

const file = (dir: string) => join(dir, 'checkpoint.json')

/**
 * Leaves the checkpoint in the incident's folder. A writer that was known and is now gone, shorter, or another at the same
 * place stays as it was known, so that closing a console does not cover up what was done to the files. One process at a
 * time, so that none takes back what another one knew.
 */
export async function writeCheckpoint(dir: string): Promise<void> {
  await whileLocked(join(dir, 'checkpoint.lock'), () => merge(dir))
}

async function merge(dir: string): Promise<void> {
  const [now, before] = [await checkpointOf(dir), await readCheckpoint(dir)]
  const known = new Map(now.writers.map((entry) => [entry.writer, entry]))
  for (const entry of before?.writers ?? []) {
    const found = known.get(entry.writer)
    if (found === undefined || found.seq <= entry.seq) known.set(entry.writer, entry)
  }
  const checkpoint = orderedCheckpoint(now.incident, [...known.values()])
  await writeWhole(file(dir), `${JSON.stringify(checkpoint)}\n`)
}

/** The checkpoint that was left last; undefined where there is none that can be read. */
export async function readCheckpoint(dir: string): Promise<Checkpoint | undefined> {
  const found = await lookAtCheckpoint(dir)
  return found !== undefined && 'incident' in found ? found : undefined
}

/** The checkpoint that was left last, or why it can't be read; undefined where none was left. */
export async function lookAtCheckpoint(dir: string): Promise<Checkpoint | { problem: string } | undefined> {
  const text = await readFile(file(dir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const parsed = parseCheckpoint(text)
  if (parsed !== undefined && 'writers' in parsed) return parsed
  return { problem: 'checkpoint.json is not as it was written' }
}
