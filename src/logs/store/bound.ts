import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { entriesOf, isCode } from './files.ts'
import { logsFolder, parsePart } from './names.ts'

/**
 * Removes the oldest closed parts of an incident's logs until all of them take at most `bound` bytes on disk; `drop`
 * records that before each file goes, and ends it where it rejects. Open parts are counted, and stay.
 */
export async function keepWithin(
  dir: string,
  bound: number,
  drop: (file: string) => Promise<unknown>,
): Promise<void> {
  const closed: { file: string; from: string; size: number }[] = []
  let total = 0
  for (const folder of await entriesOf(join(dir, logsFolder))) {
    for (const name of await entriesOf(join(dir, logsFolder, folder))) {
      const file = `${logsFolder}/${folder}/${name}`
      const size = await sizeOf(join(dir, file))
      const part = parsePart(name)
      total += size
      if (part?.closed) closed.push({ file, from: part.from, size })
    }
  }
  closed.sort((a, b) => (a.from === b.from ? (a.file < b.file ? -1 : 1) : a.from < b.from ? -1 : 1))
  for (const { file, size } of closed) {
    if (total <= bound) return
    total -= size
    // Another console keeps the same bound, and may have been first.
    if ((await sizeOf(join(dir, file))) === 0) continue
    await drop(file)
    await rm(join(dir, file), { force: true })
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 0
    throw error
  }
}
