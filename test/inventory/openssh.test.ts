import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { completeHost } from '../../src/inventory/build.ts'
import { parseInventory } from '../../src/inventory/load.ts'
import { opensshConfig, parseOpensshConfig } from '../../src/inventory/openssh.ts'

const operator = { user: 'ana', home: '/home/ana' }
const hosts = (text: string) => parseInventory(text, '/w/sitrep.yaml', operator).inventory!.hosts

let dir: string
let configFile: string
beforeAll(async () => {
  // Fails with a clear message where the machine has no ssh.
  execFileSync('ssh', ['-V'], { stdio: 'ignore' })
  dir = await mkdtemp(join(tmpdir(), 'sitrep-ssh-'))
  configFile = join(dir, 'config')
  await writeFile(join(dir, 'included'), 'Host edge-*\n  User deploy\n  Port 2222\n')
  await writeFile(
    configFile,
    `Include ${dir}/included
Host edge-1
  HostName 10.9.8.7
  IdentityFile ~/.ssh/edge
  ProxyJump ana@bastion:2200,inner
  UserKnownHostsFile ~/.ssh/known_edge /etc/other
Host evil
  HostName "10.0.0.1"
  User "a b"
`,
  )
})

describe('the effective OpenSSH configuration', () => {
  it('is read from the real ssh, with Include resolved', async () => {
    expect(await opensshConfig('edge-1', { configFile })).toEqual({
      address: '10.9.8.7',
      port: 2222,
      user: 'deploy',
      identityFiles: ['~/.ssh/edge'],
      jump: ['ana@bastion:2200', 'inner'],
      knownHosts: [
        join(homedir(), '.ssh/known_edge'),
        '/etc/other',
        expect.stringContaining('known_hosts'),
        expect.stringContaining('known_hosts2'),
      ],
    })
  })

  it('fills in what an entry leaves open; the entry wins', async () => {
    const [edge, said, local] = hosts(
      'hosts:\n  edge-1: {}\n  edge-2: { user: root, port: 22, address: 127.0.0.1 }\n  here: { transport: local }\n',
    )
    expect(await completeHost(edge!, { configFile, home: '/home/ana' })).toMatchObject({
      address: '10.9.8.7',
      port: 2222,
      user: 'deploy',
      identityFile: '/home/ana/.ssh/edge',
      jump: ['ana@bastion:2200', 'inner'],
    })
    const complete = await completeHost(said!, { configFile })
    expect(complete).toMatchObject({ address: '127.0.0.1', port: 22, user: 'root' })
    expect(complete).not.toHaveProperty('identityFile')
    expect(await completeHost(local!, { configFile })).toBe(local)
  })

  it('leaves the host as it is where ssh is missing, fails, hangs, or says what may not be used', async () => {
    const [evil, edge] = hosts('hosts: { evil: {}, edge-1: {} }')
    expect(await completeHost(evil!, { configFile })).toBe(evil)
    expect(await completeHost(edge!, { ssh: join(dir, 'no-such-ssh') })).toBe(edge)
    expect(await completeHost(edge!, { configFile: join(dir, 'none') })).toBe(edge)
    const slow = join(dir, 'slow')
    await writeFile(slow, '#!/bin/sh\nexec sleep 30\n')
    await chmod(slow, 0o755)
    expect(await completeHost(edge!, { ssh: slow, timeoutMs: 100 })).toBe(edge)
  })

  it('fault 9: values of the configuration pass the same gate', () => {
    expect(parseOpensshConfig('hostname -oProxyCommand=x\nuser a\nport 22\n', 'h')).toBeUndefined()
    expect(parseOpensshConfig('hostname a$(id)\nuser a\nport 22\n', 'h')).toBeUndefined()
    expect(parseOpensshConfig('hostname h\nuser a\nport 0\n', 'h')).toBeUndefined()
    expect(
      parseOpensshConfig(
        'hostname h\nuser a\nport 22\nproxyjump none\nidentityfile ~/a\nidentityfile ~/b\n',
        'h',
      ),
    ).toEqual({ address: 'h', port: 22, user: 'a', jump: [], identityFiles: ['~/a', '~/b'], knownHosts: [] })
  })
})
