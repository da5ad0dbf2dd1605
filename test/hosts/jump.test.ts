import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { createSharedLinks, type SharedLinks } from '../../src/hosts/shared.ts'
import { showHostKey } from '../../src/hosts/ssh2.ts'
import type { Host } from '../../src/model/host.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { testKey } from './helpers/keys.ts'
import { ask, createLinks, keyIn, person } from './helpers/links.ts'
import { sshdHost, until } from './helpers/machine.ts'
import { startProxy } from './helpers/proxy.ts'
import { restartable } from './helpers/restart.ts'

/** Connections that a server accepted a login on. */
const logins = (sshd: PrivateSshd, from = 0) =>
  (
    sshd
      .log()
      .slice(from)
      .match(/^Accepted publickey /gm) ?? []
  ).length

describe.skipIf(!hasSshd())('jump hosts', () => {
  let folder: string
  let bastion: PrivateSshd
  let inner: PrivateSshd
  let target: PrivateSshd
  const links = createLinks()
  const shares: SharedLinks[] = []
  const share = () => {
    const shared = createSharedLinks()
    shares.push(shared)
    return shared
  }
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sitrep-jump-'))
    ;[bastion, inner, target] = await Promise.all([
      privateSshd(),
      privateSshd({ address: '127.0.0.2' }),
      privateSshd({ address: '127.0.0.3', config: ['SetEnv SHLVL=2'] }),
    ])
  })
  afterEach(async () => {
    await links.close()
    await Promise.all(shares.splice(0).map((shared) => shared.close()))
  })
  afterAll(async () => {
    await Promise.all([bastion, inner, target].map((sshd) => sshd.stop()))
    rmSync(folder, { recursive: true })
  })
  const file = (content: string): string => {
    const path = join(folder, v7())
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const hop = (more: Partial<Host> = {}) => sshdHost(bastion, { name: 'bastion', ...more })
  const second = (more: Partial<Host> = {}) => sshdHost(inner, { name: 'inner', ...more })
  const behind = (via: Host[], more: Partial<Host> = {}) => sshdHost(target, { name: 'core-1', via, ...more })

  it('fault 8: goes through two hops, each verified and logged in to under its own name', async () => {
    const before = [bastion, inner, target].map((sshd) => logins(sshd))
    const link = await links.open(behind([hop(), second()]))
    expect(link.fingerprint).toBe(target.hostKeyFingerprint)
    // What the target sees is the last hop, which the first one does not know.
    expect(await ask(link, 'echo $SSH_CONNECTION')).toMatch(/ 127\.0\.0\.3 \d+$/)
    expect([bastion, inner, target].map((sshd, at) => logins(sshd) - before[at]!)).toEqual([1, 1, 1])
    expect(inner.log()).toMatch(/Connection from 127\.0\.0\./)
    await link.transport.close()
    await until('the end of all three connections', () =>
      [bastion, inner, target].every((sshd) =>
        /Disconnected from user|Connection closed by/.test(sshd.log()),
      ),
    )
  })

  it('fault 8: a hop whose key is not known, or has changed, is refused before anything goes through it', async () => {
    const before = logins(bastion)
    const unknown = await links.refused(behind([hop({ knownHosts: [file('')] })]))
    expect(unknown).toMatchObject({ phase: 'host key', fingerprints: [bastion.hostKeyFingerprint] })
    expect(unknown.message).toMatch(/^the jump host bastion: its host key is not known/)
    expect(unknown.where).toContain('core-1 through bastion')
    expect(unknown.next).toContain('sitrep trust bastion')
    const other = testKey()
    const stale = file(`[127.0.0.1]:${bastion.port} ${other.type} ${other.blob}\n`)
    const { prompter, asked } = person([[/./, true]])
    const changed = await links.refused(behind([hop({ knownHosts: [stale] })]), { prompter })
    expect(changed).toMatchObject({ phase: 'host key', message: expect.stringContaining('has changed') })
    expect(changed.fingerprints).toHaveLength(2)
    expect(asked).toEqual([])
    expect(logins(bastion)).toBe(before)
  })

  it('fault 8: the key of the target behind a hop is judged by the known_hosts of the target', async () => {
    const other = testKey()
    const knownHosts = [file(`[127.0.0.3]:${target.port} ${other.type} ${other.blob}\n`)]
    const error = await links.refused(behind([hop()], { knownHosts }))
    expect(error.message).toMatch(/^its host key has changed/)
    expect(error.where).toContain('core-1')
  })

  it('fault 2: a hop that was known once takes no other key later, whatever known_hosts says by then', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sitrep-hop-'))
    const changing = await privateSshd({ folder })
    const server = restartable(changing, folder)
    const shared = share()
    const { prompter, asked } = person([[/./, true]])
    const through = (name: string) => behind([sshdHost(changing, { name: 'gate' })], { name })
    try {
      const link = await links.open(through('core-1'), { shared, prompter })
      await server.kill()
      await until('the loss', () => link.transport.state().is === 'lost')
      server.changeKey()
      writeFileSync(changing.knownHosts, '')
      await server.start()
      const error = await links.refused(through('core-2'), { shared, prompter })
      expect(error).toMatchObject({
        phase: 'host key',
        message: expect.stringMatching(/^the jump host gate: its host key is not the one/),
      })
      expect(error.fingerprints[1]).toBe(changing.hostKeyFingerprint)
      expect(asked).toEqual([])
    } finally {
      await server.kill()
      rmSync(folder, { recursive: true })
    }
  })

  it('an unknown hop is asked about under its own name, and written down in its own file', async () => {
    const own = file('')
    const { prompter, asked } = person([[/not known yet/, true]])
    const link = await links.open(behind([hop({ knownHosts: [own] })]), { prompter })
    expect(await ask(link, 'echo there')).toBe('there')
    expect(asked).toMatchObject([{ kind: 'confirm', who: expect.stringContaining('bastion (127.0.0.1:') }])
    expect(readFileSync(own, 'utf8')).toBe(`[127.0.0.1]:${bastion.port} ${keyIn(bastion.knownHosts)}\n`)
  })

  it('hosts of one fleet share the login on a hop, also where they connect at once', async () => {
    const shared = share()
    const before = logins(bastion)
    const opened = await Promise.all(
      [1, 2, 3, 4].map((n) => links.open(behind([hop()], { name: `core-${n}` }), { shared })),
    )
    expect(await Promise.all(opened.map((link, at) => ask(link, `echo ${at}`)))).toEqual(['0', '1', '2', '3'])
    expect(logins(bastion) - before).toBe(1)
    await opened[0]!.transport.close()
    expect(await ask(opened[1]!, 'echo still')).toBe('still')
  })

  it('a passphrase that two hops and a target want is asked for once', async () => {
    const locked = file(readFileSync(bastion.identityFile, 'utf8'))
    await execa('ssh-keygen', ['-p', '-P', '', '-N', 'open sesame', '-f', locked])
    const { prompter, asked } = person([[/passphrase/, 'open sesame']])
    const shared = share()
    const identityFiles = [locked]
    const hosts = [1, 2].map((n) => hop({ name: `bastion-${n}`, identityFiles }))
    await Promise.all(hosts.map((one) => links.open(behind([one]), { shared, prompter })))
    expect(asked.map(({ what }) => what)).toEqual([`the passphrase of ${locked}`])
    await shared.close()
    const again = await links.open(hop({ identityFiles }), { shared: share(), prompter })
    expect(again.transport.state().is).toBe('ready')
    expect(asked).toHaveLength(2)
  })

  it('a hop that is lost ends what goes through it, says so, and is logged in to anew', async () => {
    const proxy = await startProxy(bastion.port)
    try {
      const shared = share()
      const knownHosts = [file(`[127.0.0.1]:${proxy.port} ${keyIn(bastion.knownHosts)}\n`)]
      const way = [hop({ port: proxy.port, knownHosts })]
      const link = await links.open(behind(way), { shared })
      proxy.cut()
      await until('lost', () => link.transport.state().is === 'lost')
      expect(link.transport.state()).toMatchObject({
        reason: expect.stringContaining('the jump host bastion'),
      })
      const next = await links.open(behind(way), { shared })
      expect(await ask(next, 'echo again')).toBe('again')
    } finally {
      await proxy.close()
    }
  })

  it('a target that the hop can not reach, or may not, is told as such, in its phase', async () => {
    const shared = share()
    const closed = await links.refused(behind([hop()], { port: 1 }), { shared })
    expect(closed).toMatchObject({ phase: 'connect', where: 'core-1 (127.0.0.3:1)' })
    expect(closed.message).toMatch(/^the jump host bastion could not connect to 127\.0\.0\.3:1: .*refused/i)
    const unnamed = await links.refused(behind([hop()], { address: 'no-such-host.invalid' }), { shared })
    expect(unnamed.phase).toBe('resolve')
    const strict = await privateSshd({ config: ['AllowTcpForwarding no'] })
    const forbidden = await links.refused(behind([sshdHost(strict, { name: 'strict' })]))
    expect(forbidden).toMatchObject({ phase: 'connect', next: expect.stringContaining('AllowTcpForwarding') })
    expect(forbidden.message).toContain('the jump host strict forbids forwarding')
    await strict.stop()
  })

  it('fault 36: a hop that is stopped has its own time and name', async () => {
    const own = await privateSshd()
    process.kill(own.process.pid, 'SIGSTOP')
    const error = await links.refused(behind([sshdHost(own, { name: 'asleep' })]), {
      times: { handshake: 300 },
    })
    expect(error).toMatchObject({ phase: 'handshake' })
    expect(error.message).toBe('the jump host asleep: no end of the handshake within 0.3 s')
    process.kill(own.process.pid, 'SIGCONT')
    await own.stop()
  })

  it('shows the key of a host behind a hop for `sitrep trust`', async () => {
    const host = behind([hop()], { knownHosts: [file('')] })
    const before = logins(target)
    const { verdict } = await showHostKey(host, { secrets: createSecretStore() })
    expect(verdict).toEqual({ is: 'unknown', fingerprint: target.hostKeyFingerprint })
    expect(logins(target)).toBe(before)
  })

  it('only the first hop has a way of its own', async () => {
    const before = logins(inner)
    // The second hop's own jump host is dead; it is reached through the first hop.
    const dead = sshdHost(bastion, { name: 'dead', port: 1 })
    const link = await links.open(behind([hop({ via: [second()] }), second({ name: 'last', via: [dead] })]))
    expect(await ask(link, 'echo through')).toBe('through')
    expect(logins(inner) - before).toBe(2)
  })

  it('gives an attempt up that waits behind a hop', async () => {
    const own = await privateSshd()
    process.kill(own.process.pid, 'SIGSTOP')
    const stop = new AbortController()
    const refused = links.refused(behind([sshdHost(own)]), { signal: stop.signal })
    stop.abort()
    expect((await refused).message).toBe('the attempt was given up')
    process.kill(own.process.pid, 'SIGCONT')
    await own.stop()
  })
})
