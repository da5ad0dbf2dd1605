import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** The folder of an incident's journal files. */
export function journalDir(dir: string): string {
  return join(dir, 'journal')
}

/** The journal files of an incident by writer, in order of their names; none where the folder does not exist. */
export async function journalFiles(dir: string): Promise<{ writer: string; path: string }[]> {
  return (await journalEntries(dir)).flatMap(({ isFile, ...file }) => (isFile ? [file] : []))
}

/** What is named as a journal file and is none, by writer: a folder, a pipe. It is told, and never opened. */
export async function strangeJournals(dir: string): Promise<string[]> {
  return (await journalEntries(dir)).flatMap(({ isFile, writer }) => (isFile ? [] : [writer]))
}

async function journalEntries(dir: string) {
  const entries = await readdir(journalDir(dir), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    },
  )
  const journals = entries.filter(({ name }) => name.endsWith('.jsonl'))
  const found: { writer: string; path: string; isFile: boolean }[] = []
  for (const entry of journals.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(journalDir(dir), entry.name)
    // A link leads where it leads.
    const isFile = entry.isFile() || (await stat(path).catch(() => undefined))?.isFile() === true
    found.push({ writer: entry.name.slice(0, -'.jsonl'.length), path, isFile })
  }
  return found
}

/** True for a file in an incident's folder that says what a process is doing to it. It means something here and now only, so that no archive holds one. */
export function isPassing(name: string): boolean {
  return (
    /^erase-[0-9a-f-]{36}\.json$/i.test(name) || /^checkpoint\.lock/i.test(name) || name.endsWith('.part')
  )
}

/** Makes a folder that only its owner may enter, and takes the rights away where it existed with more. */
export async function privateDir(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  // A folder that was made is there after a power cut once the folder that holds its name was synced.
  for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made))
    await syncDir(dirname(made))
  await chmod(path, 0o700)
}

/** Repairs the rights of an incident's files, and of the state folders that it lies in: folders 0700, files 0600. Links are left alone. */
export async function repairModes(dir: string): Promise<void> {
  const incidents = dirname(resolve(dir))
  if (basename(incidents) === 'incidents') {
    const root = dirname(incidents)
    await narrow(root, 0o700)
    await narrow(incidents, 0o700)
    await narrow(join(root, 'reserve'), 0o600)
  }
  await repairIn(dir)
}

/** Takes rights away where there are too many; what is another user's stays theirs to repair. */
async function narrow(path: string, mode: number): Promise<void> {
  try {
    const found = await lstat(path)
    if (!found.isSymbolicLink() && (found.mode & 0o777) !== mode) await chmod(path, mode)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['ENOENT', 'EPERM', 'EROFS'].includes(code)) throw error
  }
}

async function repairIn(dir: string): Promise<void> {
  await chmod(dir, 0o700)
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    try {
      if (entry.isDirectory()) await repairIn(path)
      else if (entry.isFile() && ((await lstat(path)).mode & 0o777) !== 0o600) await chmod(path, 0o600)
    } catch (error) {
      // Another console makes, renames and removes files here meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Puts a folder's own entries on disk, so that a new file's name survives a power cut. */
export async function syncDir(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Writes a file whole or not at all, 0600: beside, synced, renamed, folder synced. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.part`
  const file = await open(beside, 'wx', 0o600)
  try {
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncDir(dirname(path))
}
