import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { source as file } from '../../src/logs/sources/file.ts'
import { source as pm2 } from '../../src/logs/sources/pm2.ts'
import { source as unit } from '../../src/logs/sources/unit.ts'
import { testSession } from '../helpers/reader.ts'
import { realPm2 } from '../helpers/realPm2.ts'

describe('log sources', () => {
  it('file: follows by name, and takes absolute paths only', async () => {
    expect(await file.command('/var/log/a b.log', testSession())).toEqual({
      argv: ['tail', '-n', '100', '-F', '--', '/var/log/a b.log'],
    })
    expect(file.params.safeParse('-f').success).toBe(false)
  })

  it('unit: names can not be options', async () => {
    expect((await unit.command('php8.2-fpm@www.service', testSession())).argv).toEqual([
      'journalctl',
      '--unit=php8.2-fpm@www.service',
      '-n',
      '100',
      '-f',
      '-o',
      'short-iso-precise',
      '--no-pager',
    ])
    expect(['-x', 'a b', 'a;b', ''].map((name) => unit.params.safeParse(name).success)).toEqual([
      false,
      false,
      false,
      false,
    ])
  })

  it('pm2: both logs of a real process; where PM2 puts them when it is down, without starting it', async () => {
    const host = await realPm2()
    try {
      const down = await pm2.command('core x', host.reader)
      const logs = join(host.home, '.pm2/logs')
      expect(down.argv).toEqual([
        'tail',
        '-q',
        '-n',
        '100',
        '-F',
        '--',
        `${logs}/core-x-out.log`,
        `${logs}/core-x-error.log`,
      ])
      await mkdir(join(host.home, 'app'))
      await writeFile(
        join(host.home, 'app/a.js'),
        'console.log("up"); console.error("warned"); setInterval(() => {}, 1000)',
      )
      await host.pm2(
        'start',
        join(host.home, 'app/a.js'),
        '--name',
        'core x',
        '-o',
        join(host.home, 'own-out.log'),
      )
      const up = await pm2.command('core x', host.reader)
      expect(up.argv.slice(6)).toEqual([join(host.home, 'own-out.log'), `${logs}/core-x-error.log`])
      const shown = await host.reader.run({ argv: up.argv.filter((word) => word !== '-F') })
      expect(new TextDecoder().decode(shown.stdout.bytes)).toMatch(/^up\nwarned\n$/)
      expect(pm2.params.safeParse('-rf').success).toBe(false)
    } finally {
      await host.close()
    }
  })
})
