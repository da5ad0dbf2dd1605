import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { entriesOf, isCode } from './files.ts'
import { parsePart, type SourceName, sourceFolder, unfinishedBy } from './names.ts'
import { describeSealed, type Sealed, sealPart } from './seal.ts'

/**
 * Closes what consoles that are no longer alive left open of one log: half-compressed files go, plain parts are
 * compressed, compressed ones that nothing recorded are measured. Gives each part that is to be recorded.
 */
export async function* closeLeftovers(
  dir: string,
  source: SourceName,
  o: {
    /** Who closes them. */
    by: string
    /** True for a console that may still write, which is also any of another machine. */
    alive(writer: string): boolean
    /** True for a file that the journal knows. */
    recorded(file: string): boolean
    /** Takes room on the disk. */
    take(bytes: number): Promise<() => void>
  },
): AsyncGenerator<Sealed> {
  const folder = sourceFolder(source)
  const names = await entriesOf(join(dir, folder))
  for (const name of names) {
    const path = join(dir, folder, name)
    const half = unfinishedBy(name)
    if (half !== undefined && !o.alive(half)) await rm(path, { force: true })
    const part = parsePart(name)
    if (part === undefined || o.alive(part.writer)) continue
    const recorded = o.recorded(`${folder}/${part.base}.gz`)
    if (part.closed) {
      if (recorded) continue
      // What can't be measured stays as it is; verify tells of it.
      const sealed = await describeSealed(path).catch(() => undefined)
      if (sealed !== undefined) yield sealed
    } else if (names.includes(`${name}.gz`)) {
      // The console ended between giving the compressed file its name and removing the plain one.
      await rm(path, { force: true })
    } else {
      const sealed = await sealPart(path, o.by, o.take).catch((error: unknown) => {
        // Removed meanwhile, to keep the bound.
        if (isCode(error, 'ENOENT')) return undefined
        throw error
      })
      if (sealed !== undefined) yield sealed
    }
  }
}
