import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HostTest, testHosts } from '../../src/compose/hosts.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import type { Host } from '../../src/model/host.ts'
import { sshdHost, testHost } from '../hosts/helpers/machine.ts'
import { keyPair } from '../lab/keys.ts'
import { type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'

let dir: string
let sshd: PrivateSshd
let silent: Server
const held = new Set<Socket>()
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sitrep-hosts-'))
  sshd = await privateSshd()
  // Takes connections and says nothing.
  silent = createServer((socket) => void held.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  silent.close()
  await sshd.stop()
  rmSync(dir, { recursive: true, force: true })
})

async function tested(
  hosts: readonly Host[],
  onTest: (came: readonly string[]) => void = () => {},
): Promise<{ came: string[]; tests: HostTest[] }> {
  const came: string[] = []
  const tests = await testHosts(hosts, {
    secrets: createSecretStore(),
    onTest: ({ host }) => {
      came.push(host.name)
      onTest(came)
    },
  })
  return { came, tests }
}

describe('trying hosts', () => {
  it('tells what was reached, how, and what is there', async () => {
    const [test] = (await tested([sshdHost(sshd)])).tests
    expect(test).toMatchObject({
      ok: true,
      fingerprint: sshd.hostKeyFingerprint,
      authentication: expect.stringContaining('client_key'),
      ms: expect.any(Number),
      sudo: expect.any(String),
    })
    expect(test).not.toHaveProperty('problem')
  })

  it('fault 36: names what is wrong with each, and one silent host holds up no other', async () => {
    const { port } = silent.address() as AddressInfo
    writeFileSync(join(dir, 'none'), '')
    const other = await keyPair(join(dir, 'other'))
    const hosts = [
      testHost({ name: 'silent', transport: 'ssh2', port, link: { handshake: 60_000 } }),
      sshdHost(sshd, { name: 'good' }),
      sshdHost(sshd, { name: 'unknown', knownHosts: [join(dir, 'none')] }),
      sshdHost(sshd, { name: 'stranger', identityFiles: [other] }),
      testHost({
        name: 'nowhere',
        transport: 'ssh2',
        address: 'no-such-host.invalid',
        link: { resolve: 5000 },
      }),
      testHost({ name: 'broken', transport: 'ssh2', unusable: { reason: 'in a circle', next: 'mend it' } }),
    ]
    // It stays silent until every other host is known.
    const { came, tests } = await tested(hosts, (known) => {
      if (known.length < hosts.length - 1) return
      silent.close()
      for (const socket of held) socket.destroy()
    })
    expect(tests.map(({ host, ok, problem }) => [host.name, ok, problem?.phase])).toEqual([
      ['silent', false, expect.stringMatching(/^(connect|handshake)$/)],
      ['good', true, undefined],
      ['unknown', false, 'host key'],
      ['stranger', false, 'authentication'],
      ['nowhere', false, 'resolve'],
      ['broken', false, undefined],
    ])
    expect(came.at(-1)).toBe('silent')
    for (const { problem } of tests) if (problem) expect(problem.next).not.toBe('')
    expect(tests.at(-1)?.problem).toEqual({ reason: 'in a circle', next: 'mend it' })
    expect(tests[2]?.problem?.next).toContain('sitrep trust unknown')
  })

  it('tells which tools are missing, and which of them a runbook needs', async () => {
    const bin = join(dir, 'bin')
    const there = [
      'sh',
      'id',
      'printf',
      'base64',
      'mkdir',
      'mv',
      'sed',
      'awk',
      'tail',
      'head',
      'setsid',
      'cat',
      'env',
    ]
    await execa('mkdir', [bin])
    for (const tool of there) {
      const { stdout } = await execa('sh', ['-c', `command -v ${tool}`])
      symlinkSync(stdout.startsWith('/') ? stdout : `/usr/bin/${tool}`, join(bin, tool))
    }
    const bare = await privateSshd({ config: [`SetEnv PATH=${bin}`] })
    try {
      const [test] = (await tested([sshdHost(bare)])).tests
      expect(test?.missing.map(({ tool, needed }) => [tool, needed])).toEqual([
        ['stat', true],
        ['sha256sum', true],
        ['flock', false],
        ['curl', false],
        ['sudo', false],
      ])
      expect(test).toMatchObject({ ok: false })
      expect(test).not.toHaveProperty('problem')
    } finally {
      await bare.stop()
    }
  })

  it('fault 36: a slow host is told as slow, and not as one that runs nothing', async () => {
    const slow = await privateSshd({ config: ['ForceCommand sleep 30'] })
    try {
      const [test] = await testHosts([sshdHost(slow)], {
        secrets: createSecretStore(),
        lookMs: 500,
        onTest: () => {},
      })
      expect(test?.problem?.reason).toBe('it let us in, but did not finish within 0.5 s what sitrep looks at')
      expect(test?.problem?.next).toContain('uptime')
    } finally {
      await slow.stop()
    }
  })

  it('a host that lets us in and runs nothing is told as such', async () => {
    const forced = await privateSshd({ config: ['ForceCommand echo not today >&2; exit 3'] })
    try {
      const [test] = (await tested([sshdHost(forced)])).tests
      expect(test?.ok).toBe(false)
      expect(test?.problem?.reason).toMatch(/^it let us in, and then ran no command/)
      expect(test?.problem?.reason).toContain('not today')
    } finally {
      await forced.stop()
    }
  })
})
