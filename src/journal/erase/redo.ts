// What an erasure is about to do, written down and synced before it is begun. It holds no part of what is erased, and nothing in it is believed that the journal does not say, so
// that a process that died in the middle leaves nothing but this to be carried out again.
import { randomUUID } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { SitrepError } from '../../model/errors.ts'
import { isAlive } from '../alive.ts'
import { syncDir, writeWhole } from '../files.ts'
import { isErasable } from '../named.ts'
import { longestLine } from '../pieces.ts'

const form = z.strictObject({
  v: z.literal(1),
  /** Who is at it: as long as this process lives on this machine, nobody else carries it out. */
  pid: z.number(),
  host: z.string(),
  /** When it was begun, ISO 8601: after an hour the number of the process is another one's. */
  at: z.iso.datetime(),
  reason: z.string(),
  line: z
    .strictObject({
      id: z.string(),
      writer: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/),
      start: z.int().nonnegative(),
      bytes: z
        .int()
        .positive()
        .max(2 * longestLine),
      text: z.string().regex(/^[^\n]*$/),
    })
    .optional(),
  files: z.array(z.string().refine(isErasable)),
})

/** An erasure that was begun. */
export type Redo = z.infer<typeof form>

const name = /^erase-[0-9a-f-]{36}\.json$/

/** Writes down what is about to be done; resolves when it is on disk. Gives the file. */
export async function writeRedo(dir: string, redo: Omit<Redo, 'v' | 'pid' | 'host' | 'at'>): Promise<string> {
  const path = join(dir, `erase-${randomUUID()}.json`)
  const at = new Date().toISOString()
  const full: Redo = { v: 1, pid: process.pid, host: hostname(), at, ...redo }
  await writeWhole(path, `${JSON.stringify(full)}\n`)
  return path
}

/** The erasures that were begun in an incident and not finished. */
export async function readRedos(dir: string): Promise<{ path: string; redo: Redo }[]> {
  const entries = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const names = entries.filter((entry) => name.test(entry)).sort()
  const redos: { path: string; redo: Redo }[] = []
  for (const entry of names) {
    const path = join(dir, entry)
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      // Another process finished it in the meantime.
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (text !== undefined) redos.push({ path, redo: parse(text, path) })
  }
  return redos
}

/** An erasure that somebody began and that was looked at. */
export interface Begun {
  event?: string
  files: string[]
  reason: string
  /** The process that is still at it. */
  under_way?: number
  /** Why it can't be read, and so not be finished. */
  problem?: string
}

/** What was begun, for a person; nothing is done. */
export function tellBegun(redo: Redo): Begun {
  const { line, files, reason } = redo
  const told = { ...(line ? { event: line.id } : {}), files, reason }
  return isUnderWay(redo) ? { ...told, under_way: redo.pid } : told
}

/** The erasures of an incident that were begun; one that can't be read is told too. */
export async function beganErasures(dir: string): Promise<Begun[]> {
  try {
    return (await readRedos(dir)).map(({ redo }) => tellBegun(redo))
  } catch (error) {
    if (!(error instanceof SitrepError)) throw error
    const where = error.where === undefined ? '' : `: ${error.where}`
    return [{ files: [], reason: '', problem: `${error.message}${where}` }]
  }
}

const longestErasure = 3_600_000

/** True while the process that began it is at it. */
function isUnderWay({ pid, host, at }: Redo): boolean {
  const age = Math.abs(Date.now() - Date.parse(at))
  return host === hostname() && pid !== process.pid && age < longestErasure && isAlive(pid)
}

/** Says that it is done. */
export async function removeRedo(dir: string, path: string): Promise<void> {
  await rm(path, { force: true })
  await syncDir(dir)
}

function parse(text: string, where: string): Redo {
  try {
    return form.parse(JSON.parse(text))
  } catch (cause) {
    throw new SitrepError(
      'failed',
      'an erasure that was begun can not be finished: its file does not have its form',
      {
        where,
        next: 'remove that file, then erase again',
        cause,
      },
    )
  }
}
