import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { askSsh } from '../../src/inventory/openssh/ask.ts'
import { readByLibrary } from '../../src/inventory/openssh/library.ts'
import { oneOf, pathsOf } from '../../src/inventory/openssh/values.ts'
import { operatorHome } from './helpers/config.ts'

const { at, write, completed } = operatorHome()
const user = 'ana'

describe('where no ssh is installed', () => {
  it('a library reads the configuration, and says what only ssh could resolve', async () => {
    await write(
      '.ssh/conf.d/10-edge',
      'Host edge-*\n  User deploy\n  IdentityFile ~/.ssh/edge\nMatch exec "true"\n  Port 99\n',
    )
    await write('.ssh/conf.d/.hidden', 'Port 1\n')
    const config = [
      `Include ${at.home}/.ssh/conf.d/*`,
      'Host edge-1 !edge-2',
      '  HostName %h.example.net',
      'Include ~/%d/x',
      'Match final',
      '  Port 98',
      'Match originalhost edge-1 user deploy',
      '  HostKeyAlias al',
      'Host *',
      '  Port=2222',
      '  PKCS11Provider "/usr/lib/p.so"',
    ].join('\n')
    const host = await completed(config, 'hosts: { edge-1: {} }', { ssh: join(at.home, 'no-such-ssh') })
    expect(host).toMatchObject({
      address: 'edge-1.example.net',
      user: 'deploy',
      port: 2222,
      identityFiles: [join(at.home, '.ssh/edge')],
      hostKeyAlias: 'al',
      transport: 'ssh2',
    })
    expect(host.notes).toEqual([
      expect.stringContaining('"Match exec"'),
      expect.stringContaining('Include ~/%d/x'),
      expect.stringContaining('"Match final"'),
      expect.stringContaining('no ssh is installed here'),
    ])
  })

  it('an empty or missing file says nothing', async () => {
    const host = await completed('', 'hosts: { edge-1: {} }', { ssh: join(at.home, 'no-such-ssh') })
    expect(host).toMatchObject({ address: 'edge-1', port: 22, user: 'ana', transport: 'ssh2' })
    expect(host).not.toHaveProperty('notes')
    const none = await readByLibrary(
      { name: 'h' },
      { home: at.home, user, configFile: join(at.home, 'none') },
    )
    expect(none.notes).toEqual([])
    expect(none.values.get('hostname')).toEqual(['h'])
  })

  it('what can not be read at all makes the host unusable, and names the file', async () => {
    const o = { ssh: join(at.home, 'no-such-ssh') }
    const host = await completed('Host x\n  IdentityFile "/a', 'hosts: { h: {} }', o)
    expect(host.unusable?.reason).toContain(join(at.home, '.ssh/config'))
  })

  it('fault 9: its values pass the same gate', async () => {
    const o = { ssh: join(at.home, 'no-such-ssh') }
    for (const line of ['HostName a$(id)', 'User a`b', 'ProxyJump -oX=y', 'Port 0'])
      expect((await completed(line, 'hosts: { h: {} }', o)).unusable?.reason).toBeDefined()
  })

  it('agrees with ssh -G over generated configurations', async () => {
    const name = fc.constantFrom('a', 'ab', 'b.c', 'edge-1')
    const pattern = fc.constantFrom('a', 'a*', '?b', '*', '!ab', 'edge-?', 'b.c', '*.c', '!a*')
    const keyword = fc.constantFrom(
      'HostName',
      'hostname',
      'USER',
      'Port',
      'ProxyJump',
      'IdentityFile',
      'HostKeyAlias',
    )
    const words: Record<string, string[]> = {
      hostname: ['10.0.0.1', '%h.example', 'other'],
      user: ['bob', 'carol'],
      port: ['22', '2222'],
      proxyjump: ['gate', 'x@gate:2200,two', 'none'],
      identityfile: ['~/.ssh/one', '"/k/a b"', '/k/%n'],
      hostkeyalias: ['al', 'other'],
    }
    const line = fc
      .tuple(keyword, fc.nat(2), fc.constantFrom(' ', '=', ' = ', '\t'))
      .map(([key, index, gap]) => {
        const of = words[key.toLowerCase()]!
        return `  ${key}${gap}${of[index % of.length]}`
      })
    const head = fc.oneof(
      fc.array(pattern, { minLength: 1, maxLength: 3 }).map((patterns) => `Host ${patterns.join(' ')}`),
      fc
        .tuple(fc.constantFrom('originalhost', 'host', 'user'), fc.constantFrom('a', 'a*,b.c', 'bob', '*'))
        .map((criterion) => `Match ${criterion.join(' ')}`),
      fc.constant('Match all'),
      fc.constant('# a comment'),
    )
    const file = fc
      .array(fc.tuple(head, fc.array(line, { maxLength: 4 })), { maxLength: 5 })
      .map((blocks) => blocks.flatMap(([first, lines]) => [first, ...lines]).join('\n'))
    await fc.assert(
      fc.asyncProperty(name, file, async (host, text) => {
        const configFile = await write('.ssh/generated', text)
        const [real, ours] = await Promise.all([
          askSsh({ name: host }, { configFile }),
          readByLibrary({ name: host }, { home: at.home, user: process.env.USER ?? 'root', configFile }),
        ])
        if (real.is !== 'values') throw new Error(JSON.stringify(real))
        for (const key of ['hostname', 'port', 'proxyjump', 'hostkeyalias'])
          expect([key, oneOf(ours.values, key)]).toEqual([key, oneOf(real.values, key)])
        if (ours.values.has('identityfile'))
          expect(pathsOf(ours.values, 'identityfile')).toEqual(pathsOf(real.values, 'identityfile'))
      }),
      { numRuns: process.env.SITREP_FULL ? 400 : 40 },
    )
  })
})
