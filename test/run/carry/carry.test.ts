import { readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { HttpRequest } from '../../../src/model/action.ts'
import { shaOf } from '../../../src/run/carry/content.ts'
import { exitCodes } from '../../../src/run/carry/scripts.ts'
import { carry } from '../../helpers/carry.ts'
import { secretsOf, tempDir, testSession } from '../../helpers/reader.ts'

const session = testSession()

describe('run and local', () => {
  it('run a command, the step’s user on it unless it names its own', async () => {
    const { result } = await carry(session, { say: '', run: { argv: ['printf', '%s', 'a b'] } })
    expect(new TextDecoder().decode(result.stdout.bytes)).toBe('a b')
    const own = testSession()
    await carry(own, { say: '', as: 'root', run: { argv: ['true'] } })
    await carry(own, { say: '', as: 'daemon', run: { argv: ['true'], as: 'root' } })
    await carry(own, { say: '', as: 'root', local: { argv: ['true'] } })
    expect(own.commands.map(({ as }) => as)).toEqual(['root', 'root', undefined])
  })

  it('journal a failure before the job folder is removed, and keep the folder of a lost job', async () => {
    const order: string[] = []
    const own = testSession()
    const job = own.job
    let lost = false
    own.job = async (...args) => {
      const started = await job(...args)
      const done = started.done.then((r) => (lost ? { ...r, endedBy: 'lost' as const } : r))
      return { ...started, done, remove: async () => void order.push('removed') }
    }
    const deps = { journaled: async () => void order.push('journaled') }
    await carry(own, { say: '', run: { argv: ['false'] } }, deps).catch(() => undefined)
    expect(order).toEqual(['journaled', 'removed'])
    lost = true
    await carry(own, { say: '', run: { argv: ['true'] } }, deps).catch(() => undefined)
    expect(order).toEqual(['journaled', 'removed', 'journaled'])
  })

  it('says what is still running where a cancel could not end it, and that nothing was started after one', async () => {
    const stop = new AbortController()
    const stuck = testSession()
    stuck.job = async (id) => ({
      id,
      done: new Promise(() => undefined),
      cancel: async () => ({ gone: false, detail: 'process group 12 is still there' }),
      remove: async () => expect.unreachable(),
    })
    const running = carry(stuck, { say: '', run: { argv: ['true'] } }, { signal: stop.signal })
    stop.abort()
    const { result } = await running
    expect(result).toMatchObject({
      endedBy: 'cancel',
      problem: 'still running: process group 12 is still there',
    })
    const late = await carry(session, { say: '', run: { argv: ['true'] } }, { signal: stop.signal })
    expect(late.result).toMatchObject({ endedBy: 'cancel', problem: 'cancelled before it was started' })
  })

  it('a question is not carried out', async () => {
    await expect(carry(session, { say: 'look', ask: { question: 'ok?' } })).rejects.toThrow(
      'asked by the runner',
    )
  })
})

describe('remove', () => {
  it('removes the file that was expected, and no other', async () => {
    await using dir = await tempDir()
    const path = dir.at('-rf x')
    await writeFile(path, 'a')
    const other = await carry(session, { say: '', remove: { path, expect: shaOf('b') } })
    expect(other.result.exitCode).toBe(exitCodes.changed)
    expect(await readdir(dir.path)).toEqual(['-rf x'])
    const { result, after } = await carry(session, { say: '', remove: { path, expect: shaOf('a') } })
    expect(result.exitCode).toBe(0)
    expect(after).toEqual({ [path]: 'absent' })
    expect(await readdir(dir.path)).toEqual([])
  })
})

describe('link', () => {
  it('points a link elsewhere, makes a new one, and leaves what it did not expect', async () => {
    await using dir = await tempDir()
    const path = dir.at('current')
    await symlink('releases/1', path)
    const wrong = await carry(session, { say: '', link: { path, target: 'x', expect: 'releases/0' } })
    expect(wrong.result.exitCode).toBe(exitCodes.changed)
    expect(wrong.stderr).toContain('found releases/1')
    const done = await carry(session, { say: '', link: { path, target: 'releases/2', expect: 'releases/1' } })
    expect(done.result.exitCode).toBe(0)
    expect(await readlink(path)).toBe('releases/2')
    const fresh = await carry(session, {
      say: '',
      link: { path: dir.at('new'), target: '-x', expect: 'absent' },
    })
    expect(fresh.result.exitCode).toBe(0)
    expect(await readlink(dir.at('new'))).toBe('-x')
    await writeFile(dir.at('file'), 'kept')
    const file = await carry(session, {
      say: '',
      link: { path: dir.at('file'), target: 'x', expect: 'absent' },
    })
    expect(file.result.exitCode).toBe(exitCodes.notAFile)
    expect(await readFile(dir.at('file'), 'utf8')).toBe('kept')
    expect((await readdir(dir.path)).sort()).toEqual(['current', 'file', 'new'])
  })

  it('says who may not write', async () => {
    const { result } = await carry(session, {
      say: '',
      link: { path: '/no/such/x', target: 'y', expect: 'absent' },
    })
    expect(result.exitCode).toBe(exitCodes.notWritable)
  })
})

describe('request', () => {
  const base: HttpRequest = {
    url: '',
    method: 'POST',
    headers: {},
    insecure: false,
    from: 'host',
    timeoutMs: 5000,
  }

  async function withServer(use: (port: number, seen: () => Record<string, unknown>) => Promise<void>) {
    let seen: Record<string, unknown> = {}
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        seen = { method: request.method, headers: request.headers, body: Buffer.concat(chunks).toString() }
        response.writeHead(503, { 'x-answer': 'yes' }).end('busy')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      await use((server.address() as AddressInfo).port, () => seen)
    } finally {
      server.close()
      server.closeAllConnections()
    }
  }

  it('sends method, headers and body by curl, all on stdin; a 503 is an answer', async () => {
    await withServer(async (port, seen) => {
      const secrets = secretsOf({ token: 'quo"te\\d secret' })
      const own = testSession({ secrets })
      const request: HttpRequest = {
        ...base,
        url: `http://portal.example.org:${port}/a[1]`,
        headers: {
          Authorization: ['Bearer ', { secret: 'token' }],
          'X-Empty': '',
          Host: 'other.example.org',
        },
        body: ['@/etc/passwd "\\\n\ttab ', { secret: 'token' }],
        resolve: '127.0.0.1',
      }
      const { result, stderr } = await carry(own, { say: '', request }, { secrets })
      expect(stderr).toMatch(/sitrep-curl 503 [\d.]+ \d+ /)
      expect(result.exitCode).toBe(0)
      expect(new TextDecoder().decode(result.stdout.bytes)).toMatch(
        /^HTTP\/1.1 503.*x-answer: yes.*\r\n\r\nbusy$/s,
      )
      expect(seen()).toMatchObject({ method: 'POST', body: '@/etc/passwd "\\\n\ttab quo"te\\d secret' })
      expect(seen().headers).toMatchObject({
        authorization: 'Bearer quo"te\\d secret',
        'x-empty': '',
        host: 'other.example.org',
      })
      expect(own.commands[0]!.argv.slice(0, 2)).toEqual(['sh', '-c'])
      expect(JSON.stringify(own.commands[0])).not.toContain('quo')
    })
  })

  it('sends from the operator’s machine, also HEAD, with ADDRESS:PORT', async () => {
    await withServer(async (port, seen) => {
      const request: HttpRequest = {
        ...base,
        url: 'http://x.example.org/',
        method: 'HEAD',
        from: 'operator',
        resolve: `127.0.0.1:${port}`,
      }
      const { result } = await carry(session, { say: '', request })
      expect(result.exitCode).toBe(0)
      expect(seen()).toMatchObject({ method: 'HEAD' })
    })
  })

  it('refuses what curl would take for something else', async () => {
    for (const change of [
      { url: 'file:///etc/passwd' },
      { url: 'http://x', headers: { '@/etc/passwd': 'x' } },
      { url: 'http://x', headers: { A: 'b\r\nC: d' } },
      { url: 'http://x/\0' },
    ]) {
      const { result } = await carry(session, { say: '', request: { ...base, ...change } })
      expect(result.problem).toBeDefined()
      expect(result.exitCode).toBeUndefined()
    }
  })

  it('says why nothing came', async () => {
    const { result, stderr } = await carry(session, {
      say: '',
      request: { ...base, url: 'http://127.0.0.1:1/', resolve: '[::1]:1' },
    })
    expect(result.exitCode).toBe(7)
    expect(stderr).toContain('Failed to connect')
  })
})
