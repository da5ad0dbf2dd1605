// Which logs an incident kept. The folder of a log holds a hash of its name: the record of a closed part says the name,
// and for a log none of whose parts was closed yet (its console is open, or was killed) a name that is guessed from the
// folder is held against that hash.
import { join } from 'node:path'
import { entriesOf } from './files.ts'
import { logsFolder, parsePart, type SourceName, sourceFolder } from './names.ts'

/** A log of which something is on disk; its folder alone where the name can't be told from it. */
export type KeptLog = SourceName | { folder: string }

/** The logs of an incident's folder, in order of their folders. `known` are those that the record names. */
export async function keptLogs(
  dir: string,
  known: readonly SourceName[],
  kinds: readonly string[],
): Promise<KeptLog[]> {
  const names = new Map(known.map((name) => [sourceFolder(name), name]))
  const kept: KeptLog[] = []
  for (const entry of await entriesOf(join(dir, logsFolder))) {
    const folder = `${logsFolder}/${entry}`
    const files = await entriesOf(join(dir, folder))
    if (files.every((file) => parsePart(file) === undefined)) continue
    kept.push(names.get(folder) ?? guessed(entry, kinds) ?? { folder })
  }
  return kept
}

/** What may have stood where a folder's name has `_`. */
const unfit = ['_', '/', '@', ':', ' ']

function guessed(entry: string, kinds: readonly string[]): SourceName | undefined {
  const stem = entry.replace(/-[0-9a-f]{8}$/, '')
  for (const kind of kinds) {
    const word = `-${kind}-`
    for (let at = stem.indexOf(word); at >= 0; at = stem.indexOf(word, at + 1)) {
      const host = stem.slice(0, at)
      const tail = stem.slice(at + word.length)
      for (const sign of unfit) {
        const name = { host, kind, name: tail.replaceAll('_', sign) }
        if (sourceFolder(name) === `${logsFolder}/${entry}`) return name
      }
    }
  }
  return undefined
}
