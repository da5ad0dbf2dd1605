import { chmod, mkdir, mkdtemp, realpath, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  configFolder,
  findRunbook,
  listRunbooks,
  type RunbookFolders,
  requireTrust,
} from '../../src/runbook/find.ts'
import { isTrusted, trustFolder } from '../../src/runbook/trust.ts'

let folders: RunbookFolders
let cwd: string

beforeEach(async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sitrep-find-')))
  cwd = join(root, 'work')
  folders = { cwd, config: join(root, 'config/sitrep'), shipped: join(root, 'shipped') }
  for (const dir of [join(cwd, 'runbooks'), join(folders.config, 'runbooks'), folders.shipped])
    await mkdir(dir, { recursive: true })
  await writeFile(join(cwd, 'runbooks/mine.yaml'), 'a')
  await writeFile(join(cwd, 'runbooks/core.yml'), 'near')
  await writeFile(join(cwd, 'runbooks/.hidden.yaml'), '')
  await writeFile(join(cwd, 'runbooks/notes.md'), '')
  await writeFile(join(folders.config, 'runbooks/own.yaml'), '')
  await writeFile(join(folders.shipped, 'core.yaml'), 'far')
  await writeFile(join(folders.shipped, 'caddy.yaml'), '')
})

describe('finding a runbook', () => {
  it('lists them by name, the nearer one first, and says which are trusted', async () => {
    const found = await listRunbooks(folders)
    expect(found.map(({ name, from, trusted }) => [name, from, trusted])).toEqual([
      ['caddy', 'shipped', true],
      ['core', 'here', false],
      ['mine', 'here', false],
      ['own', 'config', false],
    ])
  })

  it('takes a path as consent', async () => {
    const named = await findRunbook('runbooks/mine.yaml', folders)
    expect(named).toEqual({
      name: 'mine',
      file: join(cwd, 'runbooks/mine.yaml'),
      trusted: true,
      from: 'named',
    })
    expect(() => requireTrust(named)).not.toThrow()
    await expect(findRunbook('./none.yaml', folders)).rejects.toMatchObject({ kind: 'usage' })
  })

  it('fault 50: a runbook found in an untrusted folder is not opened, until the folder is trusted', async () => {
    const found = await findRunbook('mine', folders)
    expect(() => requireTrust(found)).toThrow(/not trusted/)
    await trustFolder(join(cwd, 'runbooks'), folders.config)
    const trusted = await findRunbook('mine', folders)
    expect(trusted.trusted).toBe(true)
    expect(() => requireTrust(trusted)).not.toThrow()
    expect((await findRunbook('own', folders)).trusted).toBe(false)
  })

  it('trusts what ships, also where that is ./runbooks', async () => {
    const own = { ...folders, shipped: join(cwd, 'runbooks') }
    expect((await findRunbook('mine', own)).trusted).toBe(true)
  })

  it('says which names are near, or which there are', async () => {
    await expect(findRunbook('cady', folders)).rejects.toMatchObject({
      message: 'there is no runbook "cady"; did you mean "caddy"?',
    })
    await expect(findRunbook('zzz', folders)).rejects.toMatchObject({
      next: 'there are: caddy, core, mine, own',
    })
  })

  it('looks in $XDG_CONFIG_HOME only where it is absolute', () => {
    expect(configFolder({ XDG_CONFIG_HOME: '/x' }, '/home/a')).toBe('/x/sitrep')
    expect(configFolder({ XDG_CONFIG_HOME: 'x' }, '/home/a')).toBe('/home/a/.config/sitrep')
    expect(configFolder({}, '/home/a')).toBe('/home/a/.config/sitrep')
  })
})

describe('trust', () => {
  it('is kept with mode 0600, also where the file was open to others, once for each folder', async () => {
    await mkdir(folders.config, { recursive: true })
    const file = join(folders.config, 'trusted-folders')
    await writeFile(file, '/elsewhere\n')
    await chmod(file, 0o644)
    await trustFolder(join(cwd, 'runbooks'), folders.config)
    await trustFolder(join(cwd, 'runbooks'), folders.config)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await import('node:fs')).readFileSync(file, 'utf8')).toBe(
      `/elsewhere\n${join(cwd, 'runbooks')}\n`,
    )
  })

  it('is of the folder that a link leads to, and not of those below', async () => {
    await mkdir(join(cwd, 'runbooks/below'))
    await symlink(join(cwd, 'runbooks'), join(cwd, 'link'))
    expect(await trustFolder(join(cwd, 'link'), folders.config)).toBe(join(cwd, 'runbooks'))
    expect(await isTrusted(join(cwd, 'link'), folders.config)).toBe(true)
    expect(await isTrusted(join(cwd, 'runbooks/below'), folders.config)).toBe(false)
    await expect(trustFolder(join(cwd, 'none'), folders.config)).rejects.toMatchObject({ kind: 'usage' })
  })
})
