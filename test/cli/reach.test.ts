import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeBook, writeInventory } from '../e2e/helpers/book.ts'
import { recorded } from '../e2e/helpers/running.ts'
import { type Desk, desk } from '../e2e/helpers/sitrep.ts'

/** The command line from its source, with nothing on stdin: what it waits for is all that keeps it alive. */
function sitrep(at: Desk, ...args: string[]) {
  const main = JSON.stringify(join(import.meta.dirname, '../../src/cli/main.ts'))
  const script = `const { main } = await import(${main}); await main(['node', 'sitrep', ...${JSON.stringify(args)}])`
  return execa(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script],
    { cwd: at.cwd, env: at.env, extendEnv: false, reject: false, stdin: 'ignore' },
  )
}

async function listening(onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => onSocket(socket.on('error', () => {})))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

describe('a host that can not be reached', { timeout: 60_000 }, () => {
  let at: Desk
  let closes: Server
  let silent: Server
  const held = new Set<Socket>()
  beforeAll(async () => {
    closes = await listening((socket) => socket.end())
    silent = await listening((socket) => void held.add(socket))
    at = desk()
    const entry = (server: Server) => ({
      address: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      transport: 'ssh2',
      known_hosts: join(at.cwd, 'none'),
    })
    writeFileSync(join(at.cwd, 'none'), '')
    writeInventory(at, {
      here: { ...entry(silent), link: { handshake: '110s' } },
      closes: { ...entry(closes), link: { back: '1500ms' } },
    })
    writeBook(at, [{ id: 'one', with: { run: 'echo one' } }])
  })
  afterAll(() => {
    for (const socket of held) socket.destroy()
    silent.close()
    closes.close()
    at[Symbol.dispose]()
  })

  it('fault 37: what may only be crowded is asked again, and then told: never a quiet exit 0', async () => {
    const { exitCode, stdout } = await sitrep(at, 'hosts', '--test', 'closes')
    expect(stdout).toMatch(/; \d+ tries\s+within/)
    expect(exitCode).toBe(3)
  })

  it.each([
    ['run', ['run', 'book.yaml', '--yes']],
    ['plan', ['plan', 'book.yaml']],
  ])('fault 36: SIGINT ends %s at once while a silent host is being reached', async (_, args) => {
    const connection = once(silent, 'connection')
    const running = sitrep(at, ...args)
    await Promise.race([connection, running])
    running.kill('SIGINT')
    const { exitCode, stdout, stderr } = await running
    expect(`${stdout}${stderr}`).not.toMatch(/was aborted|given up/)
    expect(exitCode).toBe(130)
    if (args[0] !== 'run') return
    const types = recorded(at).map(({ type }) => type)
    expect(types).toContain('run.finished')
    expect(types.filter((type) => type.startsWith('host.'))).toEqual([])
  })

  it('fault 36: SIGINT while hosts are tried is told as that, without advice that fits something else', async () => {
    const connection = once(silent, 'connection')
    const running = sitrep(at, 'hosts', '--test', 'here')
    await Promise.race([connection, running])
    running.kill('SIGINT')
    const { exitCode, stdout, stderr } = await running
    expect(stdout).toContain('interrupted before it was known')
    expect(`${stdout}${stderr}`).not.toMatch(/aborted|ssh -v/)
    expect(exitCode).toBe(130)
  })
})
