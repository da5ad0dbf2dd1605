import { chmod, mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, SitrepError } from '../model/errors.ts'

const fileName = 'trusted-folders'

/** True where this folder (symbolic links resolved) was trusted; `config` is `$XDG_CONFIG_HOME/sitrep`. */
export async function isTrusted(dir: string, config: string): Promise<boolean> {
  const real = await realpath(dir).catch(() => undefined)
  return real !== undefined && (await trustedFolders(config)).includes(real)
}

/** Trusts the runbooks of one folder, not of those below it; gives its resolved path. The list is 0600, one path a line. */
export async function trustFolder(dir: string, config: string): Promise<string> {
  const real = await realpath(dir).catch((cause: unknown) => {
    throw new SitrepError('usage', `there is no folder ${dir}`, { cause })
  })
  if (/[\r\n]/.test(real))
    throw new SitrepError(
      'usage',
      `a folder with a line break in its name can not be trusted: ${JSON.stringify(real)}`,
    )
  const folders = await trustedFolders(config)
  if (folders.includes(real)) return real
  const file = join(config, fileName)
  try {
    await mkdir(config, { recursive: true, mode: 0o700 })
    const aside = `${file}.${process.pid}`
    await writeFile(aside, `${[...folders, real].join('\n')}\n`, { mode: 0o600 })
    await chmod(aside, 0o600)
    await rename(aside, file)
  } catch (cause) {
    throw new SitrepError('failed', `the trust could not be written: ${messageOf(cause)}`, {
      where: file,
      cause,
    })
  }
  return real
}

async function trustedFolders(config: string): Promise<string[]> {
  const text = await readFile(join(config, fileName), 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line.startsWith('/'))
}
