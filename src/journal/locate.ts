import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findIncident, incidentDir } from './incidents.ts'
import { unpack } from './unpack.ts'

/** Where an incident that is to be read lies: in the state, or unpacked from an archive until it is disposed of. */
export interface Located extends AsyncDisposable {
  id: string
  /** The state root that holds it, for `loadIncident(root, id)`; that of an archive holds this one only. */
  root: string
  /** The incident's folder. */
  dir: string
  /** The archive's own path, where it was read from one. Nothing that is written to `dir` is then kept. */
  archive?: string
}

/** Finds an incident by its id, by the unique beginning of one, or in an archive (a path, or a name that ends in `.tgz`). */
export async function locate(root: string, idOrFile: string): Promise<Located> {
  if (await namesArchive(idOrFile)) return unpackArchive(idOrFile, tmpdir())
  const id = await findIncident(root, idOrFile)
  return { id, root, dir: incidentDir(root, id), [Symbol.asyncDispose]: async () => undefined }
}

/** True for what names an archive and no incident. */
export async function namesArchive(idOrFile: string): Promise<boolean> {
  if (idOrFile.includes('/')) return true
  return idOrFile.endsWith('.tgz') && (await stat(idOrFile).catch(() => undefined))?.isFile() === true
}

/** Unpacks an archive into a folder of its own in `parent` that only this user may enter. */
export async function unpackArchive(archive: string, parent: string): Promise<Located> {
  const root = await mkdtemp(join(parent, 'sitrep-archive-'))
  const removing = removeAtEnd(root)
  const remove = async () => {
    await rm(root, { recursive: true, force: true, maxRetries: 3 })
    removing.done()
  }
  try {
    const incidents = join(root, 'incidents')
    await mkdir(incidents, { mode: 0o700 })
    const id = await unpack(archive, incidents)
    return { id, root, dir: join(incidents, id), archive, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A process that is ended from within or from without disposes of nothing: the folder goes all the same. */
function removeAtEnd(folder: string): { done(): void } {
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  const bySignal = (signal: NodeJS.Signals) => {
    remove()
    done()
    process.kill(process.pid, signal)
  }
  const done = () => {
    process.off('exit', remove)
    for (const signal of signals) process.off(signal, bySignal)
  }
  process.on('exit', remove)
  for (const signal of signals) process.on(signal, bySignal)
  return { done }
}
