import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { forbiddenPattern } from '../../src/logs/codepoints.ts'
import { followSource } from '../../src/logs/follow.ts'
import { logPath, openLogFile } from '../../src/logs/logFile.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { createRing } from '../../src/logs/ring.ts'
import type { Command, LogSink, Session } from '../../src/model/command.ts'
import { tempDir } from '../journal/setup.ts'
import { bytesIn, hostile } from './hostile.ts'
import { testSecrets } from './secrets.ts'

function linesOf(chunks: readonly (string | Uint8Array)[], o?: { longest?: number }): string[] {
  const lines: string[] = []
  const sink = createPipe(testSecrets({ T: 's3cr3t-value' })).lines((line) => lines.push(line), o)
  for (const chunk of chunks) sink.push(Buffer.from(chunk))
  sink.end()
  return lines
}

describe('the pipe', () => {
  it('gives clean lines over any chunking', () => {
    expect(linesOf(['a\n\nb s3cr', '3t-value\x1b[3', '1m c\r\nlast'])).toEqual([
      'a',
      '',
      'b ‹secret:T› c',
      'last',
    ])
    expect(linesOf([])).toEqual([])
  })

  it('cuts long lines after redaction, with their length told', () => {
    const [line] = linesOf([`${'x'.repeat(95)}s3cr3t-value${'y'.repeat(100)}\n`], { longest: 100 })
    expect(line).toBe(`${'x'.repeat(95)}‹secr‹cut: 205 characters in all›`)
    expect(linesOf([`${'🙂'.repeat(10)}\n`], { longest: 5 })).toEqual(['🙂🙂‹cut: 20 characters in all›'])
    expect(linesOf(['12345\n', '123456'], { longest: 5 })).toEqual([
      '12345',
      '12345‹cut: 6 characters in all›',
    ])
  })

  it('cleans a JSON value to its depths: keys, values, and values of telling keys', () => {
    const pipe = createPipe(testSecrets({ T: 's3cr3t-value' }))
    const value = {
      'a\x1b[31m': ['s3cr3t-value', 1, null, true],
      env: { DB_PASSWORD: 'hunter2', DB_HOST: 'db', JWT_PRIVATE_KEY_FILE: 'k.pem' },
      headers: { Authorization: 'Bearer x', Accept: '*/*' },
      secrets: { CORE_TOKEN: { secret: 'CORE_TOKEN' } },
      edits: [
        { key: 'DB_PASSWORD', value: 'hunter2' },
        { key: 'PORT', value: '1' },
      ],
      __proto__x: 'a\u202e',
    }
    expect(pipe.deep(value)).toEqual({
      a: ['‹secret:T›', 1, null, true],
      env: { DB_PASSWORD: '‹redacted:value›', DB_HOST: 'db', JWT_PRIVATE_KEY_FILE: 'k.pem' },
      headers: { Authorization: '‹redacted:value›', Accept: '*/*' },
      secrets: { CORE_TOKEN: { secret: 'CORE_TOKEN' } },
      edits: [
        { key: 'DB_PASSWORD', value: '‹redacted:value›' },
        { key: 'PORT', value: '1' },
      ],
      __proto__x: 'a‹U+202E›',
    })
    expect(pipe.deep(pipe.deep(value))).toEqual(pipe.deep(value))
  })

  it('gives a whole output as text', () => {
    expect(createPipe(testSecrets()).bytes(Buffer.from('a\x1b[1mb\n\xffc'))).toBe('ab\nÿc')
  })

  it('the property of both: neither control characters nor the secret come out, in whatever is around it', () => {
    fc.assert(
      fc.property(hostile(), hostile(), (before, after) => {
        const lines = linesOf([bytesIn(`${before}\n`), 's3cr3t-value', bytesIn(`\n${after}`)])
        const text = lines.join('\n')
        expect(text).not.toContain('s3cr3t-value')
        expect(text.match(forbiddenPattern())).toBeNull()
        expect(text).toContain('‹secret:T›')
      }),
      { numRuns: process.env.SITREP_FULL ? 20_000 : 500 },
    )
  })
})

describe('the ring', () => {
  it('keeps the last lines, counts all, and stays the same array until something changes', () => {
    const ring = createRing(3)
    expect(ring.lines()).toEqual([])
    for (let n = 0; n < 5; n++) ring.push({ at: 'now', text: `${n}`, stream: 'stdout' })
    expect(ring.lines().map(({ seq, text }) => [seq, text])).toEqual([
      [2, '2'],
      [3, '3'],
      [4, '4'],
    ])
    expect(ring.lines()).toBe(ring.lines())
    expect(ring.total()).toBe(5)
    expect(ring.pick([1, 3, 4, 9]).map(({ text }) => text)).toEqual(['3', '4'])
    const version = ring.version()
    ring.push({ at: 'now', text: '5', stream: 'stderr' })
    expect(ring.version()).not.toBe(version)
  })
})

describe('a log file', () => {
  it('is 0600 also where it was 0644, goes on where it was, and says when it is full', async () => {
    const dir = await tempDir()
    const path = logPath(dir, { host: '../core 1', kind: 'pm2', name: 'a/b' })
    expect(path).toBe(`${dir}/logs/.._core_1-pm2-a_b.log`)
    await mkdir(dirname(path))
    await writeFile(path, 'before\n', { mode: 0o644 })
    const file = openLogFile(path, { limit: 60 })
    file.write({ at: 'T1', text: 'one', stream: 'stdout' })
    file.write({ at: 'T2', text: 'two', stream: 'stderr' })
    file.write({ at: 'T3', text: 'x'.repeat(100), stream: 'stdout' })
    file.write({ at: 'T4', text: 'four', stream: 'stdout' })
    file.close()
    expect(await readFile(path, 'utf8')).toBe(
      'before\nT1 one\nT2 ! two\nT3 ‹cut: the log file has reached its bound of 60 bytes›\n',
    )
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })
})

/** A session of which only `follow` is used; the sink is the test's to fill. */
function followedSession() {
  let sink: LogSink | undefined
  let finish: () => void = () => undefined
  const followed: Command[] = []
  const ended = new Promise<void>((resolve) => {
    finish = resolve
  })
  const end = (reason: string) => {
    sink?.end(reason)
    finish()
  }
  const session = {
    follow(command: Command, given: LogSink) {
      followed.push(command)
      sink = given
      return { ended, stop: async () => end('stopped') }
    },
  } as unknown as Session
  return {
    session,
    followed,
    end,
    print: (text: string, stream: 'stdout' | 'stderr' = 'stdout') => sink!.chunk(stream, Buffer.from(text)),
  }
}

describe('following a source', () => {
  const kind = { kind: 'file', command: async (name: string) => ({ argv: ['tail', '-F', '--', name] }) }

  it('fills the ring and the file through the pipe, tells its state, and stops', async () => {
    const dir = await tempDir()
    const { session, followed, print } = followedSession()
    const [ring, states, turns] = [createRing(), [] as unknown[], { count: 0 }]
    const path = logPath(dir, { host: 'h', kind: 'file', name: 'x.log' })
    const following = followSource({
      session,
      kind,
      name: '/var/log/x.log',
      pipe: createPipe(testSecrets({ T: 's3cr3t-value' })),
      ring,
      file: openLogFile(path),
      onState: (state) => states.push(state),
      onLines: () => turns.count++,
      now: () => 0,
    })
    await vi.waitFor(() => expect(followed).toHaveLength(1))
    print('one s3cr3t')
    print('-value\ntwo\n')
    print('bad\n', 'stderr')
    print('unfinished')
    await following.stop()
    expect(ring.lines().map(({ text, stream }) => `${stream} ${text}`)).toEqual([
      'stdout one ‹secret:T›',
      'stdout two',
      'stderr bad',
      'stdout unfinished',
    ])
    expect(states).toEqual([
      { state: 'connecting' },
      { state: 'following' },
      { state: 'ended', detail: 'stopped' },
    ])
    expect(turns.count).toBeGreaterThan(0)
    expect(turns.count).toBeLessThan(4)
    expect((await readFile(path, 'utf8')).split('\n')[2]).toBe('1970-01-01T00:00:00.000Z ! bad')
  })

  it('ends with the reason of the session, or of a command that could not be made', async () => {
    const { session, followed, end } = followedSession()
    const states: { state: string; detail?: string }[] = []
    const o = {
      session,
      name: 'x',
      pipe: createPipe(testSecrets()),
      ring: createRing(),
      onState: (state: never) => states.push(state),
    }
    const following = followSource({ ...o, kind })
    await vi.waitFor(() => expect(followed).toHaveLength(1))
    end('link lost\x1b[2J')
    await following.ended
    expect(states.at(-1)).toEqual({ state: 'ended', detail: 'link lost‹CSI›' })
    const failing = { kind: 'x', command: async () => Promise.reject(new Error('no such process')) }
    await followSource({ ...o, kind: failing }).ended
    expect(states.at(-1)).toEqual({ state: 'ended', detail: 'no such process' })
  })

  it('stopped before its command is known never runs it', async () => {
    const { session, followed } = followedSession()
    await followSource({
      session,
      kind,
      name: 'x',
      pipe: createPipe(testSecrets()),
      ring: createRing(),
    }).stop()
    expect(followed).toHaveLength(0)
  })
})
