import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Host, LinkTimes } from '../../src/model/host.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { ask, createLinks } from './helpers/links.ts'
import { sshdHost } from './helpers/machine.ts'

const source = (path: string) => pathToFileURL(join(import.meta.dirname, '../../src', path)).href

describe.skipIf(!hasSshd())(
  'fault 36: a slow host has its own time and name, and no other waits for it',
  () => {
    const links = createLinks()
    let sshd: PrivateSshd
    beforeAll(async () => {
      sshd = await privateSshd({ config: ['SetEnv SHLVL=2'] })
    })
    afterEach(() => links.close())
    afterAll(() => sshd.stop())

    /** Tries the slow host and a good one side by side; the good one must be through while the slow one still waits. */
    async function beside(slow: Host, times: Partial<LinkTimes>) {
      let over = false
      const refused = links.refused(slow, { times }).finally(() => {
        over = true
      })
      const good = await links.open(sshdHost(sshd))
      expect(await ask(good, 'echo here')).toBe('here')
      expect(over).toBe(false)
      return refused
    }

    it('a stopped sshd: the handshake', async () => {
      const own = await privateSshd()
      process.kill(own.process.pid, 'SIGSTOP')
      try {
        const error = await beside(sshdHost(own), { handshake: 3000 })
        expect(error).toMatchObject({ phase: 'handshake', passing: true })
        expect(error.message).toBe('no end of the handshake within 3 s')
      } finally {
        process.kill(own.process.pid, 'SIGCONT')
        await own.stop()
      }
    })

    it('slow authentication: a real sshd whose AuthorizedKeysCommand hangs', async () => {
      const own = await privateSshd({
        config: [
          'AuthorizedKeysFile none',
          'AuthorizedKeysCommand /bin/sleep 60',
          'AuthorizedKeysCommandUser root',
        ],
      })
      try {
        const error = await beside(sshdHost(own), { authentication: 3000 })
        expect(error).toMatchObject({ phase: 'authentication', passing: true })
        expect(error.message).toBe('no end of the authentication within 3 s')
      } finally {
        await own.stop()
      }
    })

    it('a dropped SYN: connecting', async () => {
      const { port, close } = await fullBacklog()
      try {
        const error = await beside(sshdHost(sshd, { port }), { connect: 3000 })
        expect(error).toMatchObject({ phase: 'connect', message: 'no connection within 3 s' })
      } finally {
        close()
      }
    })

    it('a resolver that hangs: resolving; and neither other names nor files wait for it', async (context) => {
      const folder = mkdtempSync(join(tmpdir(), 'sitrep-dns-'))
      try {
        writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:30 attempts:5\n')
        writeFileSync(join(folder, 'nsswitch.conf'), 'hosts: files dns\n')
        // A name server that hears and never answers, and ten lookups at it: more than libuv has threads.
        const program = `
import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { resolveHost } from ${JSON.stringify(source('hosts/ssh2/resolve.ts'))}
const mute = createSocket('udp4')
await new Promise((resolve) => mute.bind(53, '127.0.0.1', resolve))
const host = (address) => ({ name: address, address, port: 22 })
let settled = 0
const slow = Array.from({ length: 10 }, (_, n) =>
  resolveHost(host('slow' + n + '.example.com'), 4000).then(
    () => 'resolved',
    (error) => error.phase + ': ' + error.message,
  ).finally(() => settled++),
)
const found = await resolveHost(host('localhost'), 4000)
const text = await readFile(${JSON.stringify(join(folder, 'nsswitch.conf'))}, 'utf8')
const before = settled
console.log(JSON.stringify({ found: found.length > 0, text, before, slow: await Promise.all(slow) }))
process.exit(0)
`
        const binds = ['resolv.conf', 'nsswitch.conf'].map(
          (name) => `mount --bind ${folder}/${name} /etc/${name}`,
        )
        // A network of its own has port 53 free, and no way to a real name server.
        const script = `ip link set lo up && ${binds.join(' && ')} && exec "$@"`
        const inside = ['-m', '-n', 'sh', '-c', script, 'sh']
        const can = await execa('unshare', [...inside, 'true'], { reject: false })
        context.skip(can.exitCode !== 0, `no namespaces of our own here: ${can.stderr}`)
        const { stdout } = await execa('unshare', [
          ...inside,
          process.execPath,
          '--input-type=module',
          '-e',
          program,
        ])
        const told = JSON.parse(stdout)
        expect(told).toMatchObject({ found: true, text: 'hosts: files dns\n', before: 0 })
        expect(told.slow).toEqual(
          Array.from(
            { length: 10 },
            (_, n) => `resolve: the name slow${n}.example.com was not resolved within 4 s`,
          ),
        )
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  },
)

/** A port whose queue of connections is full, so that the kernel drops the next SYN: the process that listens is stopped. */
async function fullBacklog(): Promise<{ port: number; close(): void }> {
  const program = `
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  console.log(server.address().port)
})`
  const child: ChildProcess = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((resolve) =>
    child.stdout?.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))),
  )
  child.kill('SIGSTOP')
  const sockets: Socket[] = []
  // Connections are taken until the queue is full; then one gets no answer.
  for (let full = false; !full; ) {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
    full = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), 300)
      socket.once('connect', () => {
        clearTimeout(timer)
        resolve(false)
      })
    })
  }
  return {
    port,
    close() {
      for (const socket of sockets) socket.destroy()
      child.kill('SIGKILL')
    },
  }
}
