import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { SitrepError } from '../model/errors.ts'
import { didYouMean } from '../model/near.ts'
import { isTrusted } from './trust.ts'

/** The folders in which a bare name is looked for, nearest first. */
export interface RunbookFolders {
  cwd: string
  /** `$XDG_CONFIG_HOME/sitrep`; its `runbooks` folder is searched, its `trusted-folders` file is read. */
  config: string
  /** The folder of the runbooks that ship; trusted. */
  shipped: string
}

/** A runbook's file, and whether it may be opened without asking. */
export interface FoundRunbook {
  name: string
  file: string
  /** A file that was named, one that ships, or one in a folder that was trusted. */
  trusted: boolean
  from: 'named' | 'here' | 'config' | 'shipped'
}

const extensions = ['.yaml', '.yml']

/** `$XDG_CONFIG_HOME/sitrep`, or `~/.config/sitrep`. */
export function configFolder(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const base = env.XDG_CONFIG_HOME
  return join(base?.startsWith('/') ? base : join(home, '.config'), 'sitrep')
}

/** All runbooks by name; where two have one name, the nearer one. */
export async function listRunbooks(folders: RunbookFolders): Promise<FoundRunbook[]> {
  const all: FoundRunbook[] = []
  for (const { dir, from } of searchPath(folders)) {
    const trusted = (await isSameFolder(dir, folders.shipped)) || (await isTrusted(dir, folders.config))
    for (const file of await yamlFiles(dir)) {
      const name = file.replace(/\.ya?ml$/, '')
      if (all.every((other) => other.name !== name)) all.push({ name, file: join(dir, file), trusted, from })
    }
  }
  return all.sort((a, b) => a.name.localeCompare(b.name, 'en'))
}

/** The runbook that was asked for: a path (naming it is consent), or a bare name to look for. */
export async function findRunbook(asked: string, folders: RunbookFolders): Promise<FoundRunbook> {
  if (asked.includes('/') || extensions.some((extension) => asked.endsWith(extension))) {
    const file = resolve(folders.cwd, asked)
    if (await isFile(file))
      return { name: basename(file).replace(/\.ya?ml$/, ''), file, trusted: true, from: 'named' }
    throw new SitrepError('usage', `there is no runbook ${asked}`, {
      next: 'give the path of a file, or a name that `sitrep` lists',
    })
  }
  const all = await listRunbooks(folders)
  const found = all.find(({ name }) => name === asked)
  if (found) return found
  const names = all.map(({ name }) => name)
  const near = didYouMean(asked, names)
  throw new SitrepError(
    'usage',
    `there is no runbook "${asked}"${near}`,
    names.length > 0 && !near ? { next: `there are: ${names.join(', ')}` } : {},
  )
}

/** Refuses to open a runbook that was only found in a folder that is not trusted. */
export function requireTrust(found: FoundRunbook): void {
  if (found.trusted) return
  const folder = join(found.file, '..')
  throw new SitrepError(
    'usage',
    `the runbook "${found.name}" was found in a folder that is not trusted: ${folder}`,
    {
      where: found.file,
      next: `read it, then trust its folder with \`sitrep trust --runbooks ${folder}\`, or name the file itself`,
    },
  )
}

function searchPath({ cwd, config, shipped }: RunbookFolders): { dir: string; from: FoundRunbook['from'] }[] {
  return [
    { dir: join(cwd, 'runbooks'), from: 'here' },
    { dir: join(config, 'runbooks'), from: 'config' },
    { dir: shipped, from: 'shipped' },
  ]
}

async function yamlFiles(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => [])
  const files: string[] = []
  for (const name of names.sort()) {
    if (
      !name.startsWith('.') &&
      extensions.some((extension) => name.endsWith(extension)) &&
      (await isFile(join(dir, name)))
    )
      files.push(name)
  }
  return files
}

/** In sitrep's own clone, `./runbooks` is the folder that ships. */
async function isSameFolder(a: string, b: string): Promise<boolean> {
  const [real, other] = await Promise.all([a, b].map((dir) => realpath(dir).catch(() => undefined)))
  return real !== undefined && real === other
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
