import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { hostFolders, mountRoot, unmountRoot } from './container.ts'
import { must } from './sh.ts'

/** The folders whose files a test may change; the same as in a snapshot. */
const managed = ['etc', 'opt', 'home', 'root', 'srv', 'var/www']

/** What every start writes, and what running services keep open. */
const skipped = /^etc\/(hosts|lab-address|\.updated)$|\.pm2\/(logs|pids|.*\.sock|pm2\.(pid|log))/

/** Makes the managed files of a running host what they are in its pristine layers, and gives what it changed. */
export async function restoreFiles(root: string, layers: string[], scratch: string): Promise<string[]> {
  const pristine = hostFolders(scratch)
  await mountRoot(pristine, layers)
  try {
    const changed = managed.flatMap((folder) => differences(pristine.root, root, folder))
    for (const path of changed) {
      rmSync(join(root, path), { recursive: true, force: true })
      if (!lstatSync(join(pristine.root, path), { throwIfNoEntry: false })) continue
      await must(['cp', '-a', join(pristine.root, path), join(root, path)])
    }
    return changed
  } finally {
    await unmountRoot(pristine)
    rmSync(scratch, { recursive: true, force: true })
  }
}

function differences(pristine: string, live: string, path: string): string[] {
  if (skipped.test(path)) return []
  const before = lstatSync(join(pristine, path), { throwIfNoEntry: false })
  const after = lstatSync(join(live, path), { throwIfNoEntry: false })
  if (!before || !after || !sameEntry(before, after)) return before || after ? [path] : []
  if (before.isDirectory()) {
    const names = new Set([...readdirSync(join(pristine, path)), ...readdirSync(join(live, path))])
    return [...names].flatMap((name) => differences(pristine, live, join(path, name)))
  }
  return sameContent(join(pristine, path), join(live, path), before) ? [] : [path]
}

function sameEntry(a: Stats, b: Stats): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid
}

function sameContent(a: string, b: string, stats: Stats): boolean {
  if (stats.isSymbolicLink()) return readlinkSync(a) === readlinkSync(b)
  return !stats.isFile() || (existsSync(b) && readFileSync(a).equals(readFileSync(b)))
}
