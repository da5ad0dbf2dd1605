import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeBook, writeInventory } from './helpers/book.ts'
import { recorded, start } from './helpers/running.ts'
import { type Desk, desk, program } from './helpers/sitrep.ts'

let at: Desk
const file = (name: string) => join(at.cwd, name)
const shell = (script: string) =>
  execa('bash', ['-c', script, 'bash', ...program], {
    cwd: at.cwd,
    env: at.env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  })

describe('the command line', () => {
  beforeEach(() => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeInventory(at)
  })
  afterEach(() => at[Symbol.dispose]())

  it('a run whose reader went away goes on to its end, with its own exit code', async () => {
    writeBook(at, [
      { id: 'one', with: { run: `sleep 0.5; echo x >> ${file('done')}` } },
      { id: 'two', with: { run: `sleep 0.5; echo y >> ${file('done')}` } },
      { id: 'three', with: { run: 'exit 9' } },
    ])
    const { stdout } = await shell('"$@" run book.yaml --yes | head -1; echo "exit ${PIPESTATUS[0]}"')
    expect(stdout).toMatch(/exit 1$/)
    expect(readFileSync(file('done'), 'utf8')).toBe('x\ny\n')
    expect(recorded(at).some(({ type }) => type === 'run.finished')).toBe(true)
  })

  it('a reading command whose reader went away ends quietly', async () => {
    const { stdout, stderr } = await shell('"$@" schema | head -1; echo "exit ${PIPESTATUS[0]}"')
    expect(stdout).toBe('{\nexit 0')
    expect(stderr).toBe('')
  })

  it('logs stops at once on ctrl-c while the host does not answer', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    writeInventory(at, { quiet: { address: '127.0.0.1', port, user: 'x' } })
    const called = new Promise<Socket>((resolve) => silent.once('connection', resolve))
    const logs = start(at, 'logs', 'quiet', 'unit:x')
    const socket = await called
    const before = Date.now()
    logs.kill('SIGINT')
    expect(await logs.ended).toBe(130)
    expect(Date.now() - before).toBeLessThan(4000)
    socket.destroy()
    silent.close()
  })

  it('lint reads stdin, and prints nothing that moves a cursor', async () => {
    const { stdout, exitCode } = await execa(program[0], [program[1], 'lint', '-'], {
      env: at.env,
      extendEnv: false,
      reject: false,
      input: 'runbook: x\ntitle: X\n"a\\e]0;title\\a": 1\nsteps: []\n',
    })
    expect(exitCode).toBe(2)
    expect(stdout).toMatch(/^<stdin>:\d+:\d+: /m)
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('\u0007')
    const named = await at.sitrep('lint', 'no\u001b[31m.yaml')
    expect(named.exitCode).toBe(2)
    expect(named.stdout).not.toContain('\u001b')
    const option = await at.sitrep('list', '--no\u001b[31m')
    expect(option.exitCode).toBe(2)
    expect(option.stderr).not.toContain('\u001b')
  })

  it('refuses what is empty, a log without a name, and folders that are not there', async () => {
    const id = (await at.sitrep('declare', 'A title')).stdout
    for (const args of [
      ['declare', ' '],
      ['note', id, ''],
      ['set', id, 'title='],
      ['logs', 'here', 'unit:'],
      ['trust', '--runbooks', file('absent')],
      ['export', id, '-o', file('absent/x.md')],
    ]) {
      const { exitCode, stderr, stdout } = await at.sitrep(...args)
      expect([args[0], exitCode, stdout]).toEqual([args[0], 2, ''])
      expect(stderr).toMatch(/^sitrep: /)
      expect(stderr).not.toContain('"code"')
    }
    expect(existsSync(file('absent'))).toBe(false)
    mkdirSync(file('there'))
    expect((await at.sitrep('export', id, '-o', file('there/x.md'))).exitCode).toBe(0)
  })

  it('plan --exit-code counts no step that only asks a person', async () => {
    writeFileSync(file('same'), 'x\n')
    const look = { id: 'look', uses: 'manual', with: { ask: 'Is it well?' } }
    writeBook(at, [{ id: 'done', with: { run: 'true', unless: 'true' } }, look])
    expect((await at.sitrep('plan', 'book.yaml', '--exit-code')).exitCode).toBe(0)
    writeBook(at, [{ id: 'do', with: { run: 'true' } }, look])
    expect((await at.sitrep('plan', 'book.yaml', '--exit-code')).exitCode).toBe(7)
  })

  it('run says once what is in sync', async () => {
    writeBook(at, [{ id: 'done', with: { run: 'true', unless: 'true' } }])
    const { stdout } = await at.sitrep('run', 'book.yaml', '--yes')
    expect(stdout).toMatch(/in sync: /)
    expect(stdout).not.toMatch(/^ +ok: /m)
  })
})
