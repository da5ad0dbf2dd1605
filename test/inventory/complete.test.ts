import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { offeredAlgorithms } from '../../src/hosts/ssh2/algorithms.ts'
import { adHocHost } from '../../src/inventory/choose.ts'
import { completeHost } from '../../src/inventory/complete.ts'
import { askSsh } from '../../src/inventory/openssh/ask.ts'
import { builtIn } from '../../src/inventory/openssh/unused.ts'
import { hostsOf, operator, operatorHome } from './helpers/config.ts'

const { at, write, completed } = operatorHome()

const edge = `Host edge-1
  HostName 10.9.8.7
  User deploy
  Port 2222
  IdentityFile ~/.ssh/edge
  IdentityFile "%d/keys of %n/%r"
  IdentitiesOnly yes
  IdentityAgent ~/agent.sock
  UserKnownHostsFile ~/.ssh/known_edge /etc/other
  HostKeyAlias edge.internal
  ConnectTimeout 3
`

describe('a host that is completed from the OpenSSH configuration', () => {
  it('has every setting that sitrep uses, with Include resolved and tokens filled in', async () => {
    const file = await write('.ssh/included', edge)
    const host = await completed(`Include ${file}`, 'hosts: { edge-1: { vars: { a: b } } }')
    expect(host).toMatchObject({
      name: 'edge-1',
      transport: 'ssh2',
      address: '10.9.8.7',
      port: 2222,
      user: 'deploy',
      identityFiles: [join(at.home, '.ssh/edge'), join(at.home, 'keys of edge-1/deploy')],
      identitiesOnly: true,
      identityAgent: join(homedir(), 'agent.sock'),
      hostKeyAlias: 'edge.internal',
      link: { connect: 3000 },
      vars: { a: 'b' },
    })
    expect(host.knownHosts?.slice(0, 2)).toEqual([join(homedir(), '.ssh/known_edge'), '/etc/other'])
    for (const gone of ['unsaid', 'peers', 'notes', 'unusable', 'because', 'proxyCommand', 'jump', 'via'])
      expect(host).not.toHaveProperty(gone)
    expect(await completeHost(host)).toBe(host)
  })

  it('keeps what its entry says', async () => {
    const said = `hosts:
  edge-1:
    address: 127.0.0.1
    port: 22
    user: root
    identity_file: [/k/one, /k/two]
    known_hosts: /k/known
    host_key_alias: other
    link: { connect: 500ms }
`
    expect(await completed(edge, said)).toMatchObject({
      address: '127.0.0.1',
      port: 22,
      user: 'root',
      identityFiles: ['/k/one', '/k/two'],
      knownHosts: ['/k/known'],
      hostKeyAlias: 'other',
      link: { connect: 500 },
    })
  })

  it('leaves the default keys to whoever connects, and takes "none" for no key', async () => {
    expect(await completed('', 'hosts: { h: {} }')).not.toHaveProperty('identityFiles')
    expect(await completed('IdentityFile none', 'hosts: { h: {} }')).toMatchObject({ identityFiles: [] })
  })

  it('gives what the entry says to Match and tokens', async () => {
    const config = `Match host 10.1.1.1 user bob
  ProxyCommand nc -x proxy:1080 %h %p %r %n 100%%
`
    const host = await completed(config, 'hosts: { h: { address: 10.1.1.1, user: bob, port: 2200 } }')
    expect(host.proxyCommand).toBe('nc -x proxy:1080 10.1.1.1 2200 bob h 100%')
    const own = await completed('', 'hosts: { h: { proxy_command: "ssh -W %h:%p %% gate", user: bob } }')
    expect(own.proxyCommand).toBe('ssh -W h:22 % gate')
  })

  it('says where each value comes from', async () => {
    const config = '# mine\nHost edge-1\n  HostName 10.9.8.7\n  User = deploy\n'
    const host = await completed(config, 'hosts:\n  edge-1:\n    user: root\n', { sources: true })
    const { home } = at
    expect(host.sources).toMatchObject({
      address: `${home}/.ssh/config:3`,
      user: 'sitrep.yaml:3',
      port: 'default',
      identityFiles: 'default',
      jump: 'default',
    })
    const included = await write('.ssh/more', 'HostName 10.9.8.8\n')
    const other = await completed(`Include ${included}\n`, 'hosts: { edge-1: {} }', { sources: true })
    expect(other.sources?.address).toBe(`${home}/.ssh/config`)
    const named = adHocHost('bob@10.0.0.1:2200', operator)
    expect((await completeHost(named, { home, configFile: 'none' })).sources).toMatchObject({
      user: '--host',
      port: '--host',
    })
  })

  it('names the file of the system for what the user did not say', async () => {
    // Without -F both files are read; the one of the system is what this machine has.
    const [host] = hostsOf('hosts: { edge-1: {} }')
    const { sources } = await completeHost(host!, { home: at.home, sources: true })
    expect(['default', '/etc/ssh/ssh_config']).toContain(sources?.identityFiles)
    expect(sources?.address).toMatch(/^(default|~\/\.ssh\/config)/)
  })

  it('forwards no agent because OpenSSH would', async () => {
    const host = await completed('ForwardAgent yes', 'hosts: { h: {} }')
    expect(host.forwardAgent).toBeUndefined()
    expect(host.notes).toEqual([expect.stringContaining('ForwardAgent')])
    const said = await completed('ForwardAgent yes', 'hosts: { h: { forward_agent: true } }')
    expect(said.forwardAgent).toBe(true)
    expect(said.notes).toBeUndefined()
  })

  it('tells what can not be filled in, and goes on without it', async () => {
    const files = ['~/.ssh/%C', '${SITREP_NO_SUCH}/k', '~bob/k', '~/ok']
    const config = files.map((file) => `IdentityFile ${file}`).join('\n')
    const host = await completed(config, 'hosts: { h: {} }')
    expect(host.identityFiles).toEqual([join(at.home, 'ok')])
    expect(host.notes).toEqual([
      expect.stringContaining('%C can not be filled in'),
      expect.stringContaining('SITREP_NO_SUCH'),
      expect.stringContaining('~bob/k'),
    ])
  })
})

describe('the known_hosts files of a configuration', () => {
  const bare = 'hosts: { h: {} }'

  it('are none where it says none, and those of the other kind stay', async () => {
    const none = 'UserKnownHostsFile none\n'
    expect((await completed(none, bare)).knownHosts).toEqual([
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
    ])
    expect((await completed(`${none}GlobalKnownHostsFile none`, bare)).knownHosts).toEqual([])
    const without = { ssh: join(at.home, 'no-such-ssh') }
    expect((await completed('UserKnownHostsFile /k', bare, without)).knownHosts).toEqual([
      '/k',
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
    ])
    expect(await completed('', bare, without)).not.toHaveProperty('knownHosts')
  })

  // ssh fills in tokens by itself; the library knows not all of them.
  it.each([
    ['/k/%%C', 'ssh'],
    ['~/.ssh/%C', 'no-such-ssh'],
    ['~bob/known', 'no-such-ssh'],
    ['/k ${SITREP_NO_SUCH}/k', 'no-such-ssh'],
  ])(
    'fault 5: %s can not be filled in by %s, so the host is unusable: it may hold what is revoked',
    async (path, ssh) => {
      const host = await completed(`UserKnownHostsFile ${path}`, bare, { ssh })
      expect(host.unusable?.reason).toMatch(
        /^UserKnownHostsFile ".*" of the OpenSSH configuration: .*(can not be filled in|is not set)/,
      )
      expect(host).not.toHaveProperty('knownHosts')
    },
  )
})

describe('a configuration that can not be used', () => {
  it('fault 9: is refused with the keyword and the value, and nothing of it is taken', async () => {
    const hostile: [string, string][] = [
      ['HostName "10.0.0.1 x"', 'HostName'],
      ['HostName a$(id)', 'HostName'],
      ['HostName a`id`', 'HostName'],
      ['User "a b"', 'User'],
      ['User a;id', 'User'],
      ['ProxyJump -oProxyCommand=id', 'ProxyJump'],
      ['ProxyJump "a b"', 'ProxyJump'],
      ['ProxyJump x$(id)', 'ProxyJump'],
      ['HostKeyAlias a`id`', 'HostKeyAlias'],
      ['UserKnownHostsFile "-x"', 'UserKnownHostsFile'],
      ['IdentityFile "-x"', 'IdentityFile'],
    ]
    for (const [line, keyword] of hostile) {
      const host = await completed(line, 'hosts: { h: {} }')
      // An ssh that refuses the line by itself is as good.
      expect([line, host.unusable?.reason]).toEqual([
        line,
        expect.stringMatching(new RegExp(`${keyword}|keyword|hostname|invalid`, 'i')),
      ])
      expect(host).toMatchObject({ address: 'h', port: 22, user: 'ana' })
      for (const taken of ['jump', 'via', 'hostKeyAlias', 'knownHosts', 'identityFiles'])
        expect(host).not.toHaveProperty(taken)
    }
  })

  it('fault 9: a user that a shell would read otherwise is not put into a proxy command', async () => {
    const host = await completed('User dom\\\\ana\nProxyCommand nc %h %r', 'hosts: { h: {} }')
    expect(host.unusable?.reason).toContain('ProxyCommand')
  })

  it('says what ssh says of it, unless the entry has the address', async () => {
    const broken = 'Host x\n  Nonsense yes\n'
    expect((await completed(broken, 'hosts: { h: {} }')).unusable).toEqual({
      reason: expect.stringMatching(/config: line 2: Bad configuration option: nonsense/),
      next: expect.stringContaining('ssh -G h'),
    })
    const said = await completed(broken, 'hosts: { h: { address: 10.0.0.1 } }')
    expect(said.unusable).toBeUndefined()
    expect(said.notes).toEqual([expect.stringContaining('Bad configuration option')])
    // The system's ssh is not to read it either.
    expect(said.withoutSshConfig).toBe(true)
    expect(await completed('', 'hosts: { h: { address: 10.0.0.1 } }')).not.toHaveProperty('withoutSshConfig')
  })

  it('fault 19: whatever a name may be, it stands behind -- where ssh is asked', async () => {
    const list = join(at.home, 'args')
    const ssh = await write('bin/ssh', `#!/bin/sh\nprintf '%s\\n' "$@" >${list}\n`, 0o755)
    await askSsh({ name: '-oProxyCommand=id', user: 'bob', port: 77, address: '10.0.0.1' }, { ssh })
    expect(readFileSync(list, 'utf8').trim().split('\n').slice(-2)).toEqual(['--', '-oProxyCommand=id'])
    expect(await askSsh({ name: '-V' })).not.toMatchObject({ is: 'missing' })
    expect(JSON.stringify(await askSsh({ name: '-oProxyCommand=id' }))).not.toContain('proxycommand')
  })

  it('fault 36: a Match exec that hangs is given up, and named', async () => {
    const config = 'Match exec "sleep 37"\n  User x\n'
    const host = await completed(config, 'hosts: { h: {} }', { timeoutMs: 200 })
    expect(host.unusable?.reason).toMatch(/did not answer within 0.2 s/)
  })
})

describe('what asks for the system’s ssh', () => {
  const bare = 'hosts: { h: {} }'

  it.each([
    ['CertificateFile ~/.ssh/x-cert.pub', /a certificate is set/],
    ['PKCS11Provider /usr/lib/p.so', /PKCS11Provider/],
    ['KnownHostsCommand /bin/echo %H', /KnownHostsCommand/],
    ['KexAlgorithms sntrup761x25519-sha512@openssh.com', /post-quantum/],
    ['HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com', /host certificates/],
    ['HostbasedAuthentication yes', /HostbasedAuthentication/],
    ['GSSAPIAuthentication yes', /GSSAPIAuthentication/],
    ['Include gss\n', /GSSAPIAuthentication/],
  ])('fault 6: %s', async (line, because) => {
    await write('.ssh/gss', 'GSSAPIAuthentication yes\n')
    const config = line.replace('Include gss', `Include ${at.home}/.ssh/gss`)
    expect(await completed(config, bare)).toMatchObject({
      transport: 'openssh',
      because: expect.stringMatching(because),
    })
    const said = await completed(config, 'hosts: { h: { transport: ssh2 } }')
    expect(said.transport).toBe('ssh2')
    expect(said.notes?.join()).toContain('the inventory says transport: ssh2')
    expect(said).not.toHaveProperty('because')
  })

  it('fault 5: RevokedHostKeys, without which no other way is taken', async () => {
    const config = 'RevokedHostKeys /etc/ssh/revoked\n'
    expect(await completed(config, bare)).toMatchObject({
      transport: 'openssh',
      because: 'RevokedHostKeys is set (/etc/ssh/revoked)',
    })
    expect((await completed(config, 'hosts: { h: { transport: openssh } }')).unusable).toBeUndefined()
    const said = await completed(config, 'hosts: { h: { transport: ssh2 } }')
    expect(said.unusable).toEqual({
      reason: "RevokedHostKeys is set (/etc/ssh/revoked): only the system's ssh can check that",
      next: 'say transport: openssh, or leave it out',
    })
    const without = await completed(config, bare, { ssh: join(at.home, 'no-such-ssh') })
    expect(without.unusable?.next).toBe('install the OpenSSH client')
    const behind = `Host bastion\n  ${config}`
    const hop = 'hosts: { h: { jump: bastion, transport: ssh2 }, bastion: { transport: openssh } }'
    expect((await completed(behind, hop)).unusable?.reason).toMatch(/^the jump host bastion: RevokedHostKeys/)
    expect((await completed('RevokedHostKeys none', bare)).transport).toBe('ssh2')
  })

  it('tells what the built-in client does not follow', async () => {
    const config = `Ciphers aes256-gcm@openssh.com
HostKeyAlgorithms ssh-ed25519
BindAddress 127.0.0.1
AddressFamily inet
PreferredAuthentications publickey
`
    const words = ['Ciphers', 'HostKeyAlgorithms', 'BindAddress 127.0.0.1', 'AddressFamily inet']
    const all = [...words, 'PreferredAuthentications publickey']
    for (const o of [{}, { ssh: join(at.home, 'no-such-ssh') }]) {
      const { notes } = await completed(config, bare, o)
      for (const word of all)
        expect(notes).toContainEqual(
          expect.stringMatching(new RegExp(`^${word} of the OpenSSH configuration`)),
        )
      expect(notes).toHaveLength(5)
    }
    expect(await completed(config, 'hosts: { h: { transport: openssh } }')).not.toHaveProperty('notes')
    // Without a word of the user it offers what OpenSSH would.
    expect(await completed('Ciphers +aes128-cbc', bare)).not.toHaveProperty('notes')
    const offered = offeredAlgorithms([])
    expect(offered.cipher).toEqual(builtIn.ciphers?.offers)
    expect(offered.serverHostKey).toEqual(builtIn.hostkeyalgorithms?.offers)
  })

  it('fault 6: a key with a certificate beside it, and one of the inventory', async () => {
    const key = await write('.ssh/withcert', 'x')
    await write('.ssh/withcert-cert.pub', 'x')
    expect(await completed('IdentityFile ~/.ssh/withcert', bare)).toMatchObject({
      transport: 'openssh',
      because: `${key} has a certificate (${key}-cert.pub)`,
    })
    const said = await completed('', `hosts: { h: { certificate_file: ${key}-cert.pub } }`)
    expect(said).toMatchObject({ transport: 'openssh', certificateFiles: [`${key}-cert.pub`] })
  })

  it('fault 6: a FIDO key, by its public half or its own head', async () => {
    const key = await write('.ssh/fido', 'x')
    await write('.ssh/plain', 'x')
    expect(await completed('IdentityFile ~/.ssh/fido', bare)).toMatchObject({ transport: 'ssh2' })
    const blob = Buffer.concat([
      Buffer.from('openssh-key-v1\0'),
      Buffer.from('\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01\0\0\0\x4a\0\0\0\x1a', 'latin1'),
      Buffer.from('sk-ssh-ed25519@openssh.com'),
    ])
    await write(
      '.ssh/fido',
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${blob.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`,
    )
    expect(await completed('IdentityFile ~/.ssh/fido', bare)).toMatchObject({
      transport: 'openssh',
      because: `${key} is a FIDO key`,
    })
    await write('.ssh/fido.pub', 'sk-ssh-ed25519@openssh.com AAAA x\n')
    expect(await completed('IdentityFile ~/.ssh/fido.pub', bare)).toMatchObject({ transport: 'openssh' })
  })

  it('is not an ordinary key, nor what a distribution says for everybody', async () => {
    const key = join(at.home, '.ssh/ordinary')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'ana@desk-1 sk-ssh', '-f', key])
    expect(await completed('IdentityFile ~/.ssh/ordinary', bare)).toMatchObject({ transport: 'ssh2' })
    // Debian's own /etc/ssh/ssh_config says GSSAPIAuthentication yes.
    const [host] = hostsOf('hosts: { h: {} }')
    expect(await completeHost(host!, { home: '/nonexistent' })).toMatchObject({ transport: 'ssh2' })
  })
})
