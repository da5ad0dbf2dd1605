import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check as command } from '../../src/checks/command.ts'
import { check as http } from '../../src/checks/http.ts'
import { check as port } from '../../src/checks/port.ts'
import type { CheckContext, CheckKind, Observation } from '../../src/model/check.ts'
import type { Reader } from '../../src/model/command.ts'
import { around } from '../helpers/act.ts'
import { httpServer } from '../helpers/httpServer.ts'
import { secretsOf, testSession } from '../helpers/reader.ts'
import { freePort } from '../helpers/realPm2.ts'

const secrets = secretsOf({ pw: 'pa"ss\\word' })
const session = testSession({ secrets })

function observe<P>(
  kind: CheckKind<P>,
  params: unknown,
  o: { reader?: Reader; local?: Reader } = {},
): Promise<Observation> {
  const { secrets: _, ...rest } = around(session, o.local === undefined ? {} : { local: o.local })
  const context: CheckContext = {
    ...rest,
    secrets,
    reader: o.reader ?? session,
    signal: new AbortController().signal,
  }
  return kind.observe(context, kind.params.parse(params))
}

const none = { bytes: new Uint8Array(), total: 0, cut: false }
const lost: Reader = {
  run: async () => ({ endedBy: 'lost', stdout: none, stderr: none, ms: 1 }),
  read: async () => new Uint8Array(),
}

let server: Awaited<ReturnType<typeof httpServer>>
beforeAll(async () => {
  // As report 004 saw it: login answers 500, and the CORS preflight 204.
  server = await httpServer((seen, response) => {
    const allowed =
      seen.headers.origin === 'https://media.example.net'
        ? { 'Access-Control-Allow-Origin': seen.headers.origin }
        : {}
    if (seen.method === 'OPTIONS') response.writeHead(204, allowed).end()
    else if (seen.method === 'POST')
      response.writeHead(500, { Authorization: 'Bearer leaked' }).end('{"error":"internal error"}')
    else response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"ok"}')
  })
})
afterAll(() => server[Symbol.asyncDispose]())

describe('http', () => {
  it('fills a row of the matrix', async () => {
    const row = await observe(http, {
      url: `${server.url}/health`,
      expect: { status: 200, json: { '$.status': 'ok' } },
    })
    expect(row).toMatchObject({ verdict: 'ok', expected: '200, $.status = "ok"', observed: '200' })
    expect(row.evidence).toMatch(
      /^HTTP\/1\.1 200 OK\nContent-Type: application\/json\n[\s\S]*\n\n\{"status":"ok"\}$/,
    )
    expect(row.ms).toBeGreaterThanOrEqual(0)
  })

  it('sees a login that fails, with its secret unharmed and nothing that authenticates in the evidence', async () => {
    const row = await observe(http, {
      url: `${server.url}/auth/login`,
      method: 'POST',
      json: { username: 'ana', password: { secret: 'pw' } },
      expect: { status: 200 },
    })
    expect(row).toMatchObject({ verdict: 'failed', expected: '200', observed: '500' })
    expect(row.evidence).not.toContain('leaked')
    expect(JSON.parse(server.seen.at(-1)!.body)).toEqual({ username: 'ana', password: 'pa"ss\\word' })
  })

  it('looks at a CORS preflight', async () => {
    const preflight = (origin: string) => ({
      url: `${server.url}/auth/login`,
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
      expect: { status: 204, headers: { 'access-control-allow-origin': origin } },
    })
    expect(await observe(http, preflight('https://media.example.net'))).toMatchObject({
      verdict: 'ok',
      observed: '204, access-control-allow-origin: https://media.example.net',
    })
    expect(await observe(http, preflight('https://evil.example.net'))).toMatchObject({
      verdict: 'failed',
      observed: '204 but access-control-allow-origin is absent',
    })
  })

  it('asks from the machine it is told to', async () => {
    const p = { url: `${server.url}/`, expect: { status: 200 } }
    expect(await observe(http, { ...p, from: 'operator' }, { reader: lost })).toMatchObject({ verdict: 'ok' })
    expect(await observe(http, p, { reader: lost })).toMatchObject({
      verdict: 'unknown',
      observed: 'the link was lost',
    })
    const bare = testSession({ env: { PATH: '/nonexistent' } })
    expect(await observe(http, p, { reader: bare })).toMatchObject({
      verdict: 'unknown',
      observed: 'there is no curl on the host',
    })
    expect(await observe(http, { ...p, from: 'operator' }, { local: bare })).toMatchObject({
      observed: 'there is no curl on this machine',
    })
  })

  it('a refused connection is a failure, not an unknown', async () => {
    expect(
      await observe(http, { url: `http://127.0.0.1:${await freePort()}/`, expect: { status: 200 } }),
    ).toMatchObject({ verdict: 'failed', observed: 'refused' })
  })

  it.each([
    ['GET', 'observe'],
    ['HEAD', 'observe'],
    ['OPTIONS', 'observe'],
    ['POST', 'probe'],
    ['DELETE', 'probe'],
  ])('%s is an %s', (method, effect) => {
    expect(http.effect(http.params.parse({ url: 'http://x/', method, expect: {} }))).toBe(effect)
  })
})

describe('port', () => {
  it('says what listens, and where', async () => {
    const own = server.port
    expect(await observe(port, { port: own })).toMatchObject({
      verdict: 'ok',
      expected: `port ${own} listens`,
      observed: expect.stringContaining(`listens on 127.0.0.1:${own}`),
    })
    expect(await observe(port, { port: own, address: '127.0.0.1' })).toMatchObject({ verdict: 'ok' })
    expect(await observe(port, { port: own, address: '10.9.8.7' })).toMatchObject({
      verdict: 'failed',
      observed: expect.stringContaining('listens only on 127.0.0.1:'),
    })
    expect(await observe(port, { port: await freePort() })).toMatchObject({
      verdict: 'failed',
      observed: 'does not listen',
    })
    expect(await observe(port, { port: own }, { reader: lost })).toMatchObject({ verdict: 'unknown' })
    expect(port.effect({ port: own })).toBe('observe')
  })

  it('a wildcard covers every address, on IPv6 too', async () => {
    const wide = createServer()
    await new Promise<void>((done) => wide.listen(0, '::', done))
    const { port: number } = wide.address() as { port: number }
    try {
      expect(await observe(port, { port: number, address: '127.0.0.1' })).toMatchObject({ verdict: 'ok' })
    } finally {
      await new Promise((done) => wide.close(done))
    }
  })
})

describe('command', () => {
  it('compares exit code and output', async () => {
    expect(await observe(command, { run: 'echo active', expect: { match: '^active$' } })).toMatchObject({
      verdict: 'ok',
      expected: 'exit 0, output ~ ^active$',
      observed: 'exit 0, output matches',
      evidence: 'active',
    })
    expect(await observe(command, { run: 'echo broken >&2; exit 3' })).toMatchObject({
      verdict: 'failed',
      expected: 'exit 0',
      observed: 'exit 3: broken',
      evidence: 'broken',
    })
    expect(await observe(command, { run: 'exit 3', expect: { exit: [0, 3] } })).toMatchObject({
      verdict: 'ok',
      expected: 'exit 0 or 3',
      observed: 'exit 3',
    })
    expect(await observe(command, { run: 'true' }, { reader: lost })).toMatchObject({ verdict: 'unknown' })
    expect(await observe(command, { run: 'kill -9 $$' })).toMatchObject({
      verdict: 'failed',
      observed: 'ended by SIGKILL',
    })
    expect(command.effect({ run: { shell: 'true', secrets: {} } })).toBe('observe')
  })

  it('hands a secret on by the environment', async () => {
    const run = { shell: 'test "$S_PW" = \'pa"ss\\word\'', secrets: { S_PW: { secret: 'pw' } } }
    expect(await observe(command, { run })).toMatchObject({ verdict: 'ok' })
  })
})

it.each([http, port, command] as CheckKind[])('the example of $kind is valid', async (kind) => {
  const { parse } = await import('yaml')
  expect(kind.params.safeParse(parse(kind.example)).success).toBe(true)
})
