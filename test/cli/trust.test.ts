import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { trustHost } from '../../src/cli/trust.ts'
import { openInventory, pickHosts } from '../../src/compose/inventory.ts'
import { fingerprintOf } from '../../src/hosts/known_hosts.ts'
import { testKey } from '../hosts/helpers/keys.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'

describe.skipIf(!hasSshd())(`sitrep trust${hasSshd() ? '' : ' (no openssh-server here)'}`, () => {
  let folder: string
  let sshd: PrivateSshd
  let inventory: string
  const other = testKey()
  const at = (name: string) => join(folder, name)
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sitrep-trust-'))
    sshd = await privateSshd()
    writeFileSync(at('changed'), `[127.0.0.1]:${sshd.port} ${other.type} ${other.blob}\n`)
    mkdirSync(at('unreadable'))
    const entry = (known_hosts: string | string[]) => ({
      address: '127.0.0.1',
      port: sshd.port,
      transport: 'ssh2',
      groups: ['all'],
      known_hosts,
    })
    inventory = at('sitrep.yaml')
    const hosts = {
      known: entry(sshd.knownHosts),
      fresh: entry(at('fresh')),
      changed: entry(at('changed')),
      unreadable: entry(at('unreadable')),
      device: entry('/dev/null'),
      second: entry(['/dev/null', at('second')]),
    }
    writeFileSync(inventory, stringify({ hosts }))
  })
  afterAll(async () => {
    await sshd.stop()
    rmSync(folder, { recursive: true })
  })
  const refused = async (name: string, fingerprint?: string) => {
    const error = await trustHost(name, {
      inventory,
      ...(fingerprint === undefined ? {} : { fingerprint }),
    }).then(
      (said) => new Error(`it said: ${said}`),
      (error: unknown) => error,
    )
    return error as Error & { kind?: string; next?: string }
  }

  it('fault 1: holds a given fingerprint against what is shown, also for a host that is known', async () => {
    const wrong = fingerprintOf(other.key)
    for (const name of ['known', 'fresh']) {
      const error = await refused(name, wrong)
      expect(error).toMatchObject({
        kind: 'unreachable',
        next: expect.stringContaining('nothing was written'),
      })
      expect(error.message).toBe(`${name} shows ${sshd.hostKeyFingerprint}, not ${wrong}`)
    }
    const fingerprint = sshd.hostKeyFingerprint
    expect(await trustHost('known', { inventory, fingerprint })).toBe(
      `known is already trusted: ${fingerprint}`,
    )
    expect(await trustHost('fresh', { inventory, fingerprint })).toContain(`written to ${at('fresh')}`)
  })

  it('fault 2: a changed key names both fingerprints and the line; a file that can not be read, itself and why', async () => {
    const changed = await refused('changed', sshd.hostKeyFingerprint)
    expect(changed).toMatchObject({ kind: 'unreachable', next: expect.any(String) })
    expect(changed.message).toContain(sshd.hostKeyFingerprint)
    expect(changed.message).toContain(`${fingerprintOf(other.key)} (${at('changed')}:1)`)
    expect((await refused('unreadable')).message).toContain(`${at('unreadable')} can not be read (EISDIR)`)
  })

  it('writes to no device: the next file, or nothing at all', async () => {
    const fingerprint = sshd.hostKeyFingerprint
    expect(await trustHost('second', { inventory, fingerprint })).toContain(`written to ${at('second')}`)
    expect(readFileSync(at('second'), 'utf8')).toContain(`[127.0.0.1]:${sshd.port} `)
    const error = await refused('device', fingerprint)
    expect(error.message).toBe('the key of device can not be written down: /dev/null keeps nothing')
    expect(error).toMatchObject({ kind: 'usage', next: expect.stringContaining('known_hosts') })
  })

  it('says what to do next where a host only hangs up', async () => {
    const rude = createServer((socket) => socket.on('error', () => {}).end())
    await once(rude.listen(0, '127.0.0.1'), 'listening')
    const { port } = rude.address() as AddressInfo
    const file = at('rude.yaml')
    const rudeHost = { address: '127.0.0.1', port, transport: 'ssh2', known_hosts: at('fresh') }
    writeFileSync(file, stringify({ hosts: { rude: rudeHost } }))
    await expect(trustHost('rude', { inventory: file })).rejects.toMatchObject({
      phase: 'handshake',
      next: expect.stringContaining(`see what answers on 127.0.0.1:${port}`),
    })
    rude.close()
  })

  it('a host that is named twice, or by itself and its group, is picked once', async () => {
    const read = await openInventory(inventory)
    const picked = pickHosts(
      read,
      ['second', 'second', 'all', 'known', 'me@192.0.2.1', 'me@192.0.2.1', 'you@192.0.2.1'],
      {
        adHoc: true,
      },
    )
    expect(picked.map(({ name }) => name).toSorted()).toEqual(
      [...read.hosts.map(({ name }) => name), '192.0.2.1', '192.0.2.1'].toSorted(),
    )
    expect(picked[0]?.name).toBe('second')
  })
})
