import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { quote } from '../../src/hosts/quote.ts'
import type { Host } from '../../src/model/host.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { isAlive, knownProcess } from '../lab/state.ts'
import { ask, createLinks, keyIn } from './helpers/links.ts'
import { sshdHost, until } from './helpers/machine.ts'

describe.skipIf(!hasSshd())('a proxy command', () => {
  let folder: string
  let sshd: PrivateSshd
  let bastion: PrivateSshd
  const links = createLinks()
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sitrep-proxy-'))
    ;[sshd, bastion] = await Promise.all([privateSshd(), privateSshd({ address: '127.0.0.2' })])
  })
  afterEach(() => links.close())
  afterAll(async () => {
    await Promise.all([sshd.stop(), bastion.stop()])
    rmSync(folder, { recursive: true })
  })
  /** A program that pipes its stdin and stdout to a port, as nc does, and leaves its pid. */
  function pipe(port: number, address = '127.0.0.1'): { command: string; pid: () => number | undefined } {
    const script = join(folder, `${v7()}.mjs`)
    const pidFile = join(folder, v7())
    writeFileSync(
      script,
      `import { connect } from 'node:net'
import { writeFileSync } from 'node:fs'
writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))
const socket = connect(${port}, ${JSON.stringify(address)})
process.stdin.pipe(socket).pipe(process.stdout)
socket.on('error', (error) => { console.error(error.message); process.exit(3) })
process.on('SIGINT', () => {})
`,
    )
    return {
      command: `${quote(process.execPath)} ${quote(script)}`,
      pid: () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : undefined),
    }
  }
  const host = (proxyCommand: string, more: Partial<Host> = {}) => sshdHost(sshd, { proxyCommand, ...more })

  it('is the connection: its stdin and stdout', async () => {
    const { command, pid } = pipe(sshd.port)
    const link = await links.open(host(command))
    expect(link.fingerprint).toBe(sshd.hostKeyFingerprint)
    expect(await ask(link, 'echo through; head -c 200000 /dev/zero | wc -c')).toBe('through\n200000')
    const known = knownProcess(pid()!)!
    expect(isAlive(known)).toBe(true)
    await link.transport.close()
    await until('the end of the command', () => !isAlive(known))
  })

  it('ssh -W through another host', async () => {
    const known = join(folder, v7())
    writeFileSync(known, readFileSync(bastion.knownHosts))
    const command = `ssh -F none -o UserKnownHostsFile=${known} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -i ${bastion.identityFile} -p ${bastion.port} -W ${sshd.address}:${sshd.port} ${bastion.user}@${bastion.address}`
    const link = await links.open(host(command))
    expect(await ask(link, 'echo through')).toBe('through')
    expect(bastion.log()).toMatch(/Accepted publickey/)
  })

  it('the host is still verified, by the name that its configuration gives it', async () => {
    const { command } = pipe(sshd.port)
    const nobody = join(folder, v7())
    writeFileSync(nobody, '')
    const error = await links.refused(host(command, { address: 'core.internal', knownHosts: [nobody] }))
    expect(error).toMatchObject({ phase: 'host key', fingerprints: [sshd.hostKeyFingerprint] })
    writeFileSync(nobody, `[core.internal]:${sshd.port} ${keyIn(sshd.knownHosts)}\n`)
    const link = await links.open(host(command, { address: 'core.internal', knownHosts: [nobody] }))
    expect(link.transport.state().is).toBe('ready')
  })

  it('one that fails says why, in the phase of connecting', async () => {
    const error = await links.refused(host('sh -c "echo no way there >&2; exit 7"'))
    expect(error).toMatchObject({ phase: 'connect', next: expect.stringContaining('ProxyCommand') })
    expect(error.message).toBe('the proxy command ended with exit 7: no way there')
    const missing = await links.refused(host('/no/such/program x'))
    expect(missing.message).toMatch(/^the proxy command ended with exit 127: .*not found/s)
    const { command } = pipe(1)
    expect((await links.refused(host(command))).message).toMatch(/ended with exit 3: .*ECONNREFUSED/)
  })

  it('one that says nothing has the time of the handshake, and is ended', async () => {
    const { command, pid } = pipe(sshd.port)
    process.kill(sshd.process.pid, 'SIGSTOP')
    try {
      const error = await links.refused(host(command), { times: { handshake: 500 } })
      expect(error).toMatchObject({ phase: 'handshake', message: expect.stringContaining('0.5 s') })
      const number = pid()
      await until('the end of the command', () => number === undefined || !knownProcess(number))
    } finally {
      process.kill(sshd.process.pid, 'SIGCONT')
    }
  })

  it('one that ends takes the link with it', async () => {
    const { command, pid } = pipe(sshd.port)
    const link = await links.open(host(command))
    process.kill(pid()!, 'SIGKILL')
    await until('lost', () => link.transport.state().is === 'lost')
    expect(link.transport.state()).toMatchObject({ reason: expect.stringContaining('link was lost') })
  })

  it('a ctrl-c at the terminal does not reach it: it leads a group of its own', async () => {
    const { command, pid } = pipe(sshd.port)
    await links.open(host(command))
    const stat = readFileSync(`/proc/${pid()}/stat`, 'utf8')
    const [, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    expect(Number(group)).toBe(pid())
  })

  it('serves a jump host, too', async () => {
    const { command } = pipe(bastion.port, bastion.address)
    const hop = sshdHost(bastion, { name: 'bastion', proxyCommand: command })
    const link = await links.open(sshdHost(sshd, { via: [hop] }))
    expect(await ask(link, 'echo through')).toBe('through')
    const dead = { ...hop, proxyCommand: 'sh -c "echo closed for today >&2; exit 1"' }
    const error = await links.refused(sshdHost(sshd, { via: [dead] }))
    expect(error.message).toBe('the jump host bastion: the proxy command ended with exit 1: closed for today')
  })
})
