import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findInventory, loadInventory, parseInventory } from '../../src/inventory/load.ts'

const operator = { user: 'ana', home: '/home/ana' }
const parse = (text: string) => parseInventory(text, '/srv/desk/sitrep.yaml', operator)
const told = (text: string) =>
  parse(text).findings.map(({ at, message }) => `${at.line}:${at.column}: ${message}`)

describe('an inventory', () => {
  it('has its hosts in the order of the file, with defaults for what is not said', () => {
    const { inventory, findings } = parse(`
hosts:
  core-1: { address: 10.0.4.11, user: deploy, groups: [core], production: true, vars: { dir: /opt/core, n: 3 }, port: 2222 }
  edge-1: { groups: edge, transport: openssh, jump: [ana@bastion:2200], identity_file: ~/.ssh/id, known_hosts: keys/known, path: [/opt/bin], env: { TZ: UTC } }
  here: { transport: local }
  bare:
confirm_over: 5
`)
    expect(findings).toEqual([])
    expect(inventory).toMatchObject({ file: '/srv/desk/sitrep.yaml', confirmOver: 5 })
    const names = ['core-1', 'edge-1', 'here', 'bare']
    const hosts = inventory?.hosts.map(({ peers, ...host }) => {
      // What hops may name: every host of the file.
      expect([...(peers?.keys() ?? names)]).toEqual(names)
      return host
    })
    expect(hosts).toEqual([
      {
        name: 'core-1',
        transport: 'ssh2',
        address: '10.0.4.11',
        port: 2222,
        user: 'deploy',
        groups: ['core'],
        production: true,
        path: [],
        env: {},
        vars: { dir: '/opt/core', n: '3' },
        sources: { address: 'sitrep.yaml:3', port: 'sitrep.yaml:3', user: 'sitrep.yaml:3' },
        unsaid: [
          'identityFiles',
          'certificateFiles',
          'jump',
          'proxyCommand',
          'knownHosts',
          'hostKeyAlias',
          'link',
          'transport',
        ],
      },
      {
        name: 'edge-1',
        transport: 'openssh',
        address: 'edge-1',
        port: 22,
        user: 'ana',
        groups: ['edge'],
        production: false,
        path: ['/opt/bin'],
        env: { TZ: 'UTC' },
        vars: {},
        jump: ['ana@bastion:2200'],
        identityFiles: ['/home/ana/.ssh/id'],
        knownHosts: ['/srv/desk/keys/known'],
        sources: {
          identityFiles: 'sitrep.yaml:4',
          jump: 'sitrep.yaml:4',
          knownHosts: 'sitrep.yaml:4',
          transport: 'sitrep.yaml:4',
        },
        unsaid: ['address', 'port', 'user', 'certificateFiles', 'hostKeyAlias', 'link'],
      },
      {
        name: 'here',
        transport: 'local',
        address: 'localhost',
        port: 22,
        user: 'ana',
        groups: [],
        production: false,
        path: [],
        env: {},
        vars: {},
        sources: { transport: 'sitrep.yaml:5' },
      },
      {
        name: 'bare',
        transport: 'ssh2',
        address: 'bare',
        port: 22,
        user: 'ana',
        groups: [],
        production: false,
        path: [],
        env: {},
        vars: {},
        unsaid: [
          'address',
          'port',
          'user',
          'identityFiles',
          'certificateFiles',
          'jump',
          'proxyCommand',
          'knownHosts',
          'hostKeyAlias',
          'link',
          'transport',
        ],
      },
    ])
    expect(parse('hosts: {}').inventory?.confirmOver).toBe(3)
  })

  it('has the way to a host, with times of the file and of the entry', () => {
    const { inventory, findings } = parse(`
hosts:
  a:
    proxy_command: nc -x "proxy:1080" %h %p
    certificate_file: ~/.ssh/id-cert.pub
    identity_file: [one, /k/two]
    host_key_alias: core.internal
    forward_agent: true
    link: { connect: 500ms, lost: 12 }
  b:
link: { connect: 3s, stale: 6s, back: 5m }
`)
    expect(findings).toEqual([])
    expect(inventory?.hosts[0]).toMatchObject({
      proxyCommand: 'nc -x "proxy:1080" %h %p',
      certificateFiles: ['/home/ana/.ssh/id-cert.pub'],
      identityFiles: ['/srv/desk/one', '/k/two'],
      hostKeyAlias: 'core.internal',
      forwardAgent: true,
      link: { connect: 500, stale: 6000, lost: 12_000, back: 300_000 },
      sources: { proxyCommand: 'sitrep.yaml:4', link: 'sitrep.yaml:9' },
    })
    expect(inventory?.hosts[0]?.unsaid).not.toContain('jump')
    expect(inventory?.hosts[1]).toMatchObject({
      link: { connect: 3000, stale: 6000, back: 300_000 },
      sources: { link: 'sitrep.yaml:11' },
    })
  })

  it.each([
    ['hosts: { a: { link: { conect: 1s } } }', '1:23: unknown key "conect"; did you mean "connect"?'],
    ['hosts: { a: { link: { connect: soon } } }', '1:32: expected a duration'],
    ['hosts: { a: { link: { connect: 0 } } }', '1:32: must be longer than 0'],
    ['hosts: { a: { link: { lost: 5s } } }', '1:21: a link must be stale (8 s) before it is lost (5 s)'],
    ['hosts: { a: {} }\nlink: { stale: 30s }', '2:7: a link must be stale (30 s) before it is lost (20 s)'],
    ['hosts: { a: { jump: b, proxy_command: "nc %h %p" } }', '1:24: give either "jump" or "proxy_command"'],
    [
      'hosts: { a: { jump: "x@b:22" }, b: { jump: [c, z] }, c: { jump: a } }',
      '1:21: its jump hosts go in a circle: a → b → c → a',
    ],
    ['hosts: { a: { jump: a } }', '1:21: its jump hosts go in a circle: a → a'],
    ['hosts: { a: { forward_agent: "yes" } }', '1:30: expected true or false'],
    ['hosts: { a: { adress: x } }', '1:15: unknown key "adress"; did you mean "address"?'],
    ['host: {}', '1:1: "hosts" is missing'],
    ['hosts: { a: { port: 70000 } }', '1:21: must be at most 65535'],
    [
      'hosts: { a: { transport: ssh } }',
      '1:26: expected "ssh2" or "openssh" or "local"; did you mean "ssh2"?',
    ],
    ['hosts: { a: { production: yes } }', '1:27: expected true or false, found text'],
    ['hosts: { a: { groups: [a] } }', '1:23: "a" is a host; a group needs another name'],
    ['hosts: { a: {}, a: {} }', '1:17: the key "a" stands here a second time'],
    ['hosts: { a: { path: [bin] } }', 'expected an absolute path'],
    ['hosts: { a: { env: { "A B": x } } }', 'not the name of an environment variable'],
    ['hosts: { a: { user: 012 } }', '012 is read as the number 12'],
  ])('%s', (text, message) => {
    expect(parse(text).inventory).toBeUndefined()
    expect(told(text).join('\n')).toContain(message)
  })

  it('tells all mistakes, in order', () => {
    expect(told('hosts:\n  a: { port: x }\n  b: { usr: y, address: "a b" }\nextra: 1\n')).toEqual([
      '2:14: expected a number, found text',
      '3:8: unknown key "usr"; did you mean "user"?',
      '3:25: not a DNS name or an IP address',
      '4:1: unknown key "extra"',
    ])
  })

  const hostile = [
    '-oProxyCommand=touch /tmp/x',
    '-v',
    'a\\0b',
    'a\\nb',
    'a`id`',
    '$(id)',
    'a b',
    'a;b',
    "a'b",
    'a%h',
    'a|b',
    '',
  ]
  it.each(hostile)(
    'fault 9: %s is refused as a name, an address, a user, a jump host and a group',
    (value) => {
      for (const text of [
        `hosts: { "${value}": {} }`,
        ...['address', 'user', 'jump', 'groups'].map((key) => `hosts: { a: { ${key}: "${value}" } }`),
      ]) {
        expect([text, parse(text).inventory]).toEqual([text, undefined])
      }
    },
  )

  it.each(['-i', 'a\\0b', 'a\\nb', ''])('fault 9: the path %j is refused', (value) => {
    for (const key of ['identity_file', 'known_hosts', 'certificate_file'])
      expect(parse(`hosts: { a: { ${key}: "${value}" } }`).inventory).toBeUndefined()
  })

  it.each(['-oX=y', 'a\\0b', 'a\\nb', 'nc `id` %h', 'nc $(id) %h', '$(id)', ''])(
    'fault 9: the proxy command %j is refused',
    (value) => {
      const { inventory, findings } = parse(`hosts:\n  a:\n    proxy_command: "${value}"`)
      expect(inventory).toBeUndefined()
      expect(findings[0]?.at).toMatchObject({ file: '/srv/desk/sitrep.yaml', line: 3, column: 20 })
    },
  )

  it('fault 9: what is refused is told with its place', () => {
    expect(told('hosts:\n  a:\n    jump: [b, "-oProxyCommand=id"]\n    host_key_alias: "a`id`"')).toEqual([
      '3:15: expected HOST, USER@HOST or USER@HOST:PORT',
      '4:21: not a DNS name or an IP address',
    ])
  })

  it.each(['10.0.0.1', '::1', 'fe80::1', 'a.example.net', 'host_1'])('%s is an address', (value) => {
    expect(parse(`hosts: { a: { address: "${value}" } }`).findings).toEqual([])
  })
})

describe('a file of somebody else', () => {
  it('names no command for this machine', async () => {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'sitrep-inv-')))
    const file = join(dir, 'sitrep.yaml')
    await writeFile(file, 'hosts:\n  a:\n    proxy_command: nc %h %p\n')
    expect((await loadInventory(file, operator)).findings).toEqual([])
    await chmod(file, 0o666)
    expect(await loadInventory(file, operator)).toEqual({
      findings: [
        {
          at: { file, line: 3, column: 5 },
          level: 'error',
          message: 'anybody may write this file, so it can not name a command for this machine',
        },
      ],
    })
    await writeFile(file, 'hosts: { a: {} }')
    expect((await loadInventory(file, operator)).findings).toEqual([])
    await rm(dir, { recursive: true })
  })
})

describe('a file that was only found', () => {
  const text = 'hosts:\n  a:\n    proxy_command: nc %h %p\n    forward_agent: true\n    known_hosts: known\n'
  const parsed = (source: string, doubts: Parameters<typeof parseInventory>[3]) =>
    parseInventory(source, '/w/clone/sitrep.yaml', operator, doubts).findings.map(
      ({ at, message }) => `${at.file}:${at.line}:${at.column}: ${message}`,
    )

  it('names no command for this machine and forwards no agent until its folder is trusted', async () => {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'sitrep-inv-')))
    const file = join(dir, 'sitrep.yaml')
    await writeFile(file, text)
    const asked: string[] = []
    const loaded = (trusted: boolean) =>
      loadInventory(file, operator, async (folder) => {
        asked.push(folder)
        return trusted
      })
    const { inventory, findings } = await loaded(false)
    expect(inventory).toBeUndefined()
    expect(findings.map(({ at, level }) => [at, level])).toEqual([
      [{ file, line: 3, column: 5 }, 'error'],
      [{ file, line: 4, column: 5 }, 'error'],
    ])
    expect(findings[0]?.message).toBe(
      `this inventory was only found, so it may not say proxy_command; if you trust it: sitrep trust --runbooks ${dir}, or name it with --inventory`,
    )
    expect((await loaded(true)).inventory?.hosts[0]?.proxyCommand).toBe('nc %h %p')
    expect((await loadInventory(file, operator)).findings).toEqual([])
    expect(asked).toEqual([dir, dir])
    await writeFile(file, 'hosts: { a: { forward_agent: false, identity_file: k } }')
    expect((await loaded(false)).findings).toEqual([])
    await rm(dir, { recursive: true })
  })

  it('of somebody else says no known_hosts and no keys either', () => {
    const doubts = { foreign: 'this file belongs to somebody else', foundIn: '/w/clone' }
    expect(parsed(text, doubts)).toEqual([
      '/w/clone/sitrep.yaml:3:5: this file belongs to somebody else, so it can not name a command for this machine',
      expect.stringMatching(/:4:5: .* may not say forward_agent/),
      expect.stringMatching(/:5:5: .* may not say known_hosts/),
    ])
    expect(parsed('hosts: { a: { identity_file: k } }', doubts)).toEqual([
      expect.stringMatching(/:1:15: .* may not say identity_file/),
    ])
    expect(parsed('hosts: { a: { known_hosts: k } }', { foreign: 'x' })).toEqual([])
  })
})

describe('finding it', () => {
  it('looks upwards from the working directory, then in the config folder', async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'sitrep-inv-')))
    const [cwd, config] = [join(root, 'a/b'), join(root, 'config')]
    await mkdir(join(cwd, 'sitrep.yaml'), { recursive: true })
    await mkdir(config)
    expect(await findInventory(cwd, config)).toBeUndefined()
    await writeFile(join(config, 'sitrep.yaml'), 'hosts: { c: {} }')
    expect(await findInventory(cwd, config)).toBe(join(config, 'sitrep.yaml'))
    await writeFile(join(root, 'sitrep.yaml'), 'hosts: { r: {} }')
    const found = await findInventory(cwd, config)
    expect(found).toBe(join(root, 'sitrep.yaml'))
    expect((await loadInventory(found!, operator)).inventory?.hosts[0]?.name).toBe('r')
    expect((await loadInventory(join(root, 'none.yaml'), operator)).findings[0]?.message).toBe(
      'there is no such file',
    )
    expect((await loadInventory(cwd, operator)).findings[0]?.message).toMatch(/can not be read/)
    await rm(root, { recursive: true })
  })
})
