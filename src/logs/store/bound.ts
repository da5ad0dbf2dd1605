import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { entriesOf, isCode } from './files.ts'
import { logsFolder, type PartName, parsePart } from './names.ts'

/**
 * Removes the oldest parts of an incident's logs until all of them take at most `bound` bytes on disk, and gives what they
 * take then. Closed parts go, and plain ones that `isLeft` tells nobody writes any more; everything else is counted and
 * stays. `drop` records it before a file goes; where it rejects, nothing more is removed.
 */
export async function keepWithin(
  dir: string,
  bound: number,
  o: { isLeft(part: PartName): boolean; drop(file: string): Promise<unknown> },
): Promise<number> {
  const removable: { file: string; from: string; size: number }[] = []
  let total = 0
  for (const folder of await entriesOf(join(dir, logsFolder))) {
    for (const name of await entriesOf(join(dir, logsFolder, folder))) {
      const file = `${logsFolder}/${folder}/${name}`
      const size = await sizeOf(join(dir, file))
      const part = parsePart(name)
      total += size
      if (part !== undefined && (part.closed || o.isLeft(part))) {
        removable.push({ file, from: part.from, size })
      }
    }
  }
  removable.sort((a, b) => (a.from === b.from ? (a.file < b.file ? -1 : 1) : a.from < b.from ? -1 : 1))
  for (const { file, size } of removable) {
    if (total <= bound) break
    // Another console keeps the same bound, and may have been first.
    if ((await sizeOf(join(dir, file))) > 0) {
      try {
        await o.drop(file)
      } catch {
        break
      }
      await rm(join(dir, file), { force: true })
    }
    total -= size
  }
  return total
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 0
    throw error
  }
}
