import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { EventRecord } from '../../model/event.ts'
import { droppedFile, erasureOf, filesOf } from '../named.ts'

/** A file beside the journal that is not as an event names it. */
export interface BadFile {
  /** Relative to the incident's folder. */
  file: string
  /** The event that names it. */
  event: string
  reason: string
}

/** How the files beside the journal stand. */
export interface FilesReport {
  artifacts: {
    checked: number
    bad: BadFile[]
    /** Files that no event names: an artifact whose event was never recorded. Not bad, only told. */
    unnamed: string[]
  }
  logs: {
    checked: number
    /** Parts that no event seals: still written to, or left so by a console that ended early. */
    open: string[]
    bad: BadFile[]
  }
}

/** Gathers which files the records name, then looks at each. */
export function createFileCheck(dir: string) {
  const named = new Map<string, { sha256: string; event: string }>()
  const dropped = new Set<string>()
  const erased = new Map<string, string>()

  return {
    take(record: EventRecord): void {
      for (const { file, sha256 } of filesOf(record)) {
        if (!named.has(file)) named.set(file, { sha256, event: record.id })
      }
      const gone = droppedFile(record)
      if (gone !== undefined) dropped.add(gone)
      for (const file of erasureOf(record)?.files ?? []) erased.set(file, record.id)
    },
    async report(): Promise<FilesReport> {
      const checked = { artifacts: 0, logs: 0 }
      const bad: BadFile[] = []
      for (const [file, { sha256, event }] of named) {
        if (dropped.has(file) || erased.has(file)) continue
        checked[file.startsWith('artifacts/') ? 'artifacts' : 'logs']++
        const reason = await whyBad(join(dir, file), sha256)
        if (reason !== undefined) bad.push({ file, event, reason })
      }
      const present = await filesUnder(dir, ['artifacts', 'logs'])
      for (const file of present) {
        const event = erased.get(file)
        if (event !== undefined) bad.push({ file, event, reason: 'it was erased, but it is still here' })
      }
      const strange = present.filter((file) => !named.has(file) && !erased.has(file) && !dropped.has(file))
      const of = (folder: string) => ({
        bad: bad.filter(({ file }) => file.startsWith(folder)),
        strange: strange.filter((file) => file.startsWith(folder)),
      })
      const [artifacts, logs] = [of('artifacts/'), of('logs/')]
      return {
        artifacts: { checked: checked.artifacts, bad: artifacts.bad, unnamed: artifacts.strange },
        logs: { checked: checked.logs, open: logs.strange, bad: logs.bad },
      }
    },
  }
}

async function whyBad(path: string, sha256: string): Promise<string | undefined> {
  try {
    if (!(await lstat(path)).isFile()) return 'it is no regular file'
    return (await sha256OfFile(path)) === sha256
      ? undefined
      : 'its bytes were changed: the sha256 does not fit'
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? 'it is missing' : `it can't be read: ${message}`
  }
}

/** The hex sha256 of a file's bytes, read as a stream. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** All files under some folders of an incident (`''` is itself), relative to it, in order; links are told and not followed. */
export async function filesUnder(dir: string, folders: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const folder of folders) {
    const entries = await readdir(join(dir, folder), { withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw error
      },
    )
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) found.push(...(await filesUnder(dir, [path])))
      else found.push(path)
    }
  }
  return found.sort()
}
