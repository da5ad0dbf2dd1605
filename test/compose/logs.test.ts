import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { followLogs } from '../../src/compose/logs.ts'
import { createLocalSession } from '../../src/hosts/local.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { createSudoPasswords } from '../../src/hosts/sudo/passwords.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { thisHost as host } from '../helpers/reader.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sitrep-logs-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function fleet() {
  const secrets = createSecretStore()
  const session = createLocalSession(host, { secrets, passwords: createSudoPasswords({ secrets }) })
  return { session: async () => session, secrets }
}

it('follows a file, keeps its lines on disk, and pins the first line that shows a symptom, once', async () => {
  const file = join(dir, 'app.log')
  writeFileSync(file, 'started\nLogin error: wrong key for RS256\n')
  const hosts = fleet()
  const appended: { type: string; data: Record<string, unknown> }[] = []
  const append = async (type: string, data: unknown) =>
    void appended.push({ type, data: data as never }) as never
  const incident = { dir, pipe: createPipe(hosts.secrets), append: append as never }
  const source = { key: `here file:${file}`, host: 'here', kind: 'file', name: file }
  {
    await using logs = followLogs(incident, () => undefined)
    // The same line shows both: one pin.
    logs.watch(['Login error', 'wrong key for RS256'])
    await logs.follow(source, hosts)
    await vi.waitFor(() => expect(logs.view()[source.key]?.total).toBe(2), 10_000)
    appendFileSync(file, 'Login error: wrong key for RS256\n\u001b[31mred\u001b[0m\n')
    await vi.waitFor(
      () =>
        expect(
          logs
            .view()
            [source.key]?.lines.map(({ text }) => text)
            .at(-1),
        ).toBe('red'),
      10_000,
    )
    expect(logs.pick(source.key, [0])?.lines[0]?.text).toBe('started')
  }
  const pins = appended.filter(({ type }) => type === 'log.pinned')
  expect(pins.map(({ data }) => [data.lines, data.symptom])).toEqual([
    [['Login error: wrong key for RS256'], 'Login error'],
  ])
  expect(
    readFileSync(join(dir, 'logs', `here-file-${file.replace(/[^A-Za-z0-9._-]+/g, '_')}.log`), 'utf8'),
  ).toMatch(/red\n$/)
})

it('says why a log can not be followed', async () => {
  const hosts = fleet()
  const incident = { dir, pipe: createPipe(hosts.secrets), append: (async () => undefined) as never }
  await using logs = followLogs(incident, () => undefined)
  await logs.follow({ key: 'k', host: 'here', kind: 'nothing', name: 'x' }, hosts)
  expect(logs.view().k).toMatchObject({ state: 'ended', detail: 'unknown kind of log nothing' })
})

it('pins an old line of the tail with its own time, and tells when it was received', async () => {
  const file = join(dir, 'old.log')
  writeFileSync(file, '2024-03-01T10:00:00Z Login error\n')
  const hosts = fleet()
  const pins: { at: string; lines: string[] }[] = []
  const append = async (type: string, data: unknown) =>
    void (type === 'log.pinned' && pins.push(data as never)) as never
  const incident = { dir, pipe: createPipe(hosts.secrets), append: append as never }
  await using logs = followLogs(incident, () => undefined)
  logs.watch(['Login error'])
  await logs.follow({ key: `here file:${file}`, host: 'here', kind: 'file', name: file }, hosts)
  await vi.waitFor(() => expect(pins).toHaveLength(1), 10_000)
  expect(pins[0]).toMatchObject({ at: '2024-03-01T10:00:00.000Z' })
  expect(pins[0]!.lines[0]).toMatch(/^2024-03-01T10:00:00Z Login error \(received 20\d\d-.+Z\)$/)
})
