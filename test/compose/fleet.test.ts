import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFleet, type Fleet } from '../../src/compose/fleet.ts'
import { declare, type OpenIncident } from '../../src/compose/incident.ts'
import { isEvent } from '../../src/model/event.ts'
import type { Host, HostState } from '../../src/model/host.ts'
import { sshdHost, until } from '../hosts/helpers/machine.ts'
import { type Link, startProxy } from '../hosts/helpers/proxy.ts'
import { type Restartable, restartable } from '../hosts/helpers/restart.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'

const times = { stale: 500, lost: 2000, handshake: 1000, back: 20_000 }

describe.skipIf(!hasSshd())(`a fleet${hasSshd() ? '' : ' (no openssh-server here)'}`, () => {
  let folder: string
  let incident: OpenIncident
  let sshd: PrivateSshd
  let server: Restartable
  let proxy: Link
  let host: Host
  let fleet: Fleet
  let states: HostState[]
  let recorded: string[]
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sitrep-fleet-'))
    vi.stubEnv('SITREP_HOME', join(folder, 'state'))
    incident = await declare({ title: 'Fleet' })
    sshd = await privateSshd({ folder: join(folder, 'sshd'), config: ['SetEnv SHLVL=2'] })
    server = restartable(sshd, join(folder, 'sshd'))
    proxy = await startProxy(sshd.port)
    const [, ...key] = readFileSync(sshd.knownHosts, 'utf8').trim().split(' ')
    const knownHosts = join(folder, 'known_hosts')
    writeFileSync(knownHosts, `[127.0.0.1]:* ${key.join(' ')}\n`, { mode: 0o600 })
    host = sshdHost(sshd, { name: 'edge-1', port: proxy.port, knownHosts: [knownHosts] })
    states = []
    recorded = []
    incident.onRecord((record) => {
      if (isEvent(record, 'host.lost')) recorded.push(`lost: ${record.data.reason}`)
      else if (isEvent(record, 'host.refused')) recorded.push(`refused: ${record.data.phase}`)
      else if (isEvent(record, 'host.connected')) recorded.push('connected')
      else if (isEvent(record, 'host.stale')) recorded.push('stale')
    })
    fleet = await createFleet({
      hosts: [host],
      secrets: incident.secrets,
      append: incident.append,
      times,
      onState: (_, state) => states.push(state),
    })
  })
  afterEach(async () => {
    proxy.hold(false)
    await fleet[Symbol.asyncDispose]()
    await incident.close()
    await proxy.close()
    await server.kill()
    rmSync(folder, { recursive: true })
    vi.unstubAllEnvs()
  })

  it('fault 35: journals silence, loss and return once each, with why, and keeps one session for it all', async () => {
    const session = await fleet.session('edge-1')
    proxy.hold(true)
    await until(
      'a try that failed',
      () =>
        states.find(
          (state) => state.is === 'connecting' && state.reason?.includes('no end of the handshake'),
        ),
      10_000,
    )
    proxy.hold(false)
    expect((await session.run({ argv: ['true'] })).exitCode).toBe(0)
    expect(await fleet.session('edge-1')).toBe(session)
    await until('the record', () => recorded.length >= 4)
    expect(recorded).toEqual([
      'connected',
      'stale',
      'lost: the link was lost: no answer for 2 s',
      'connected',
    ])
    const { timeline, hosts } = incident.read()
    expect(timeline.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        'Connection lost: the link was lost: no answer for 2 s',
        expect.stringMatching(/^Connected again: /),
      ]),
    )
    expect(hosts['edge-1']?.state).toBe('connected')
  })

  it('fault 2: a key that changed in mid-incident is journaled once, with both fingerprints, however often it is tried', async () => {
    const session = await fleet.session('edge-1')
    await server.kill()
    server.changeKey()
    await server.start()
    await until('the refusal', () => fleet.state('edge-1').is === 'refused')
    const again = await session.run({ argv: ['true'] })
    expect(again).toMatchObject({ endedBy: 'lost', problem: expect.stringContaining('has changed') })
    expect((await session.run({ argv: ['true'] })).endedBy).toBe('lost')
    await until('the record', () => recorded.some((line) => line.startsWith('refused')))
    expect(recorded.filter((line) => line.startsWith('refused'))).toEqual(['refused: host key'])
    const row = incident.read().timeline.find(({ text }) => text.startsWith('Refused (host key)'))
    expect(row?.bad).toBe(true)
    expect(row?.evidence).toContain(sshd.hostKeyFingerprint)
    expect(row?.evidence?.match(/SHA256:/g)).toHaveLength(2)
  })

  it('closed while a host is tried again, it is over at once', async () => {
    await fleet.session('edge-1')
    proxy.hold(true)
    proxy.cut()
    await until('the loss', () => states.some(({ is }) => is === 'lost'))
    await fleet[Symbol.asyncDispose]()
    expect(fleet.state('edge-1')).toMatchObject({ is: 'lost', reason: 'closed' })
    await expect(fleet.session('edge-1')).rejects.toThrow(/closed/)
  })
})
