import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { writeInventory } from './helpers/book.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

describe('sitrep hosts', () => {
  let at: Desk
  let bastion: PrivateSshd
  let inner: PrivateSshd
  beforeAll(async () => {
    ;[bastion, inner] = await Promise.all([privateSshd(), privateSshd()])
    at = desk()
    const entry = ({ address, port, user, identityFile, knownHosts }: PrivateSshd) => ({
      address,
      port,
      user,
      identity_file: identityFile,
      known_hosts: knownHosts,
    })
    writeFileSync(join(at.cwd, 'none'), '')
    writeInventory(at, {
      inner: { ...entry(inner), jump: 'bastion', groups: ['core'] },
      bastion: entry(bastion),
      stranger: { ...entry(bastion), known_hosts: join(at.cwd, 'none') },
      here: { transport: 'local' },
    })
  })
  afterAll(async () => {
    at[Symbol.dispose]()
    await Promise.all([bastion.stop(), inner.stop()])
  })

  it('shows every setting, and where it came from', async () => {
    const { stdout, exitCode } = await at.sitrep('hosts', 'inner', 'here')
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`inner  ${inner.user}@127.0.0.1:${inner.port}  ssh2  core\n`)
    expect(stdout).toMatch(/ {2}port +\d+ +sitrep\.yaml:4\n/)
    expect(stdout).toMatch(/ {2}transport +ssh2 +default\n/)
    expect(stdout).toContain(`bastion (${bastion.user}@127.0.0.1:${bastion.port})`)
    expect(stdout).toContain('here  this machine  local')
  })

  it('fault 8: --test reaches a host through its jump host, and names what is wrong with another', async () => {
    const { stdout, stderr, exitCode } = await at.sitrep('hosts', '--test')
    expect(exitCode).toBe(3)
    const order = [...stdout.matchAll(/^(\S+) {2}/gm)].map((match) => match[1])
    expect(order).toEqual(['inner', 'bastion', 'stranger', 'here'])
    expect(stdout).toContain(`host key ${inner.hostKeyFingerprint}, accepted`)
    expect(stdout).toContain('host key: its host key is not known:')
    expect(stdout).toContain('sitrep trust stranger')
    expect(stderr).toContain('1 of 4 hosts can not be used as they are')
    expect(bastion.log()).toMatch(/Accepted publickey/)
  })

  it('prints one JSON array', async () => {
    const { stdout, exitCode } = await at.sitrep('hosts', '--test', '--json', 'core', 'stranger')
    expect(exitCode).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject([
      {
        host: 'inner',
        port: inner.port,
        jump: [{ host: 'bastion', port: bastion.port }],
        sources: { port: 'sitrep.yaml:4', transport: 'default' },
        test: { ok: true, fingerprint: inner.hostKeyFingerprint },
      },
      { host: 'stranger', test: { ok: false, problem: { phase: 'host key' } } },
    ])
  })

  it('fault 9: a host of the command line that could be an option is refused, exit 2', async () => {
    for (const host of ['-oProxyCommand=id', 'x@-y', 'x@$(id)', 'x@a`id`']) {
      const { exitCode, stderr } = await at.sitrep('hosts', '--test', '--', host)
      expect([host, exitCode]).toEqual([host, 2])
      expect(stderr).toMatch(/is not a host|unknown host/)
    }
  })
})
