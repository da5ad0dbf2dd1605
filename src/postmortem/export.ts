import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { messageOf, SitrepError } from '../model/errors.ts'
import type { Incident } from '../model/incident.ts'
import { mergePieces, readPieces, writePieces } from './markers.ts'
import { toPieces } from './render.ts'
import type { Template } from './template.ts'

/** What an export wrote. */
export interface Exported {
  /** Absolute. */
  path: string
  sha256: string
  /** The sections that were edited by hand and so were left as they are. */
  kept: string[]
}

/**
 * Writes the postmortem to a file, 0600. A file that is there keeps what people wrote in it; one that is no export of ours
 * is refused. `write` replaces the file whole or not at all, 0600.
 */
export async function exportPostmortem(o: {
  incident: Incident
  template: Template
  file: string
  write(path: string, text: string): Promise<void>
}): Promise<Exported> {
  const path = resolve(o.file)
  try {
    const now = toPieces(o.template.build(o.incident))
    const before = await existing(path)
    const { pieces, kept } =
      before === undefined ? { pieces: now, kept: [] } : mergePieces(readPieces(before), now)
    const markdown = writePieces(pieces)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    if (markdown !== before) await o.write(path, markdown)
    else await chmod(path, 0o600)
    return { path, sha256: createHash('sha256').update(markdown).digest('hex'), kept }
  } catch (cause) {
    throw new SitrepError('failed', `the postmortem can't be written: ${messageOf(cause)}`, {
      where: path,
      cause,
    })
  }
}

/** The file's text; a file that is not an export of ours is not replaced. */
async function existing(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined || text.trim() === '') return undefined
  if (readPieces(text).some((piece) => 'name' in piece)) return text
  throw new Error('the file exists and is no export of sitrep; give another path')
}
