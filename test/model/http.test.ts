import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HttpRequest } from '../../src/model/action.ts'
import type { RunResult } from '../../src/model/command.ts'
import { statusFits } from '../../src/model/http/expect.ts'
import {
  answerEvidence,
  compareAnswer,
  curlCommand,
  curlConfig,
  describeRequest,
  type HttpExpect,
  type HttpResponse,
  httpParams,
  parseAnswer,
  requestOf,
} from '../../src/model/http.ts'
import { decoded } from '../helpers/act.ts'
import { httpServer } from '../helpers/httpServer.ts'
import { secretsOf, testSession } from '../helpers/reader.ts'

const runs = process.env.SITREP_FULL ? 300 : 15

const request = (more: Partial<HttpRequest> = {}): HttpRequest => ({
  url: 'http://127.0.0.1/',
  method: 'GET',
  headers: {},
  insecure: false,
  from: 'host',
  timeoutMs: 5000,
  ...more,
})

let server: Awaited<ReturnType<typeof httpServer>>
beforeAll(async () => {
  server = await httpServer((seen, response) => {
    if (seen.url === '/slow') return
    if (seen.url === '/big') return void response.end('x'.repeat(3_000_000))
    response.writeHead(Number(/^\/(\d{3})$/.exec(seen.url)?.[1] ?? 200), {
      'Set-Cookie': 'sid=verysecret; Path=/',
      'X-Seen': seen.method,
    })
    response.end(seen.method === 'HEAD' ? undefined : seen.body)
  })
})
afterAll(() => server[Symbol.asyncDispose]())

async function ask(more: Partial<HttpRequest>, values: Record<string, string> = {}) {
  const reader = testSession({ secrets: secretsOf(values) })
  const wanted = request({ url: `${server.url}/`, ...more })
  const command = curlCommand(wanted)
  return {
    command,
    answer: parseAnswer(await reader.run(command), wanted.timeoutMs, decoded),
    seen: server.seen.at(-1)!,
  }
}

describe('a request through the real curl', () => {
  it('puts nothing of the request into argv', async () => {
    const { command, answer } = await ask({
      method: 'POST',
      headers: { Authorization: 'Bearer abc' },
      body: 'hello',
    })
    expect(command.argv).toEqual(['curl', '-q', '-K', '-'])
    expect(answer).toMatchObject({
      is: 'answered',
      response: { status: 200, statusLine: 'HTTP/1.1 200 OK', body: 'hello', cut: false },
    })
  })

  it('fault 20: secrets in headers, body and JSON arrive as they are, whatever is in them, and stand in no argv', async () => {
    const value = fc.string({
      unit: fc.constantFrom(
        'a',
        '"',
        "'",
        '\\',
        '$',
        '`',
        '%',
        '{',
        '}',
        '@',
        '&',
        ' ',
        'é',
        '\n',
        '\t',
        '‹',
        '-',
      ),
      minLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(value, value, async (secret, plain) => {
        const header = secret.replace(/[\n\t]/g, '_').trim() || 'none'
        const { command, seen } = await ask(
          {
            method: 'POST',
            headers: { 'X-Key': [{ secret: 'header' }], 'Content-Type': 'text/plain' },
            json: {
              user: plain,
              password: { secret: 'body' },
              both: ['a"\\', { secret: 'body' }],
              list: [1, null, plain],
            },
          },
          { header, body: secret },
        )
        expect(command.argv.join(' ')).not.toContain(secret.length > 6 ? secret : '\u0000')
        expect(JSON.parse(seen.body)).toEqual({
          user: plain,
          password: secret,
          both: `a"\\${secret}`,
          list: [1, null, plain],
        })
        expect(Buffer.from(seen.headers['x-key'] as string, 'latin1').toString('utf8')).toBe(header)
        const raw = await ask({ method: 'PUT', body: [plain, { secret: 'body' }, '!'] }, { body: secret })
        expect(raw.seen).toMatchObject({ method: 'PUT', body: `${plain}${secret}!` })
      }),
      { numRuns: runs },
    )
  })

  it('sends @ and a leading dash as text, never as a file or an option', async () => {
    const { seen } = await ask({ method: 'POST', body: '@/etc/passwd' })
    expect(seen.body).toBe('@/etc/passwd')
    expect((await ask({ headers: { 'X-A': '-K /etc/passwd', 'X-Empty': '' } })).seen.headers).toMatchObject({
      'x-a': '-K /etc/passwd',
      'x-empty': '',
    })
  })

  it('overrides the Host header and where it connects', async () => {
    const { seen, answer } = await ask({
      url: 'http://core.example.net:9/x',
      headers: { Host: 'media.example.net' },
      resolve: `127.0.0.1:${server.port}`,
    })
    expect(answer.is).toBe('answered')
    expect(seen).toMatchObject({ url: '/x', headers: { host: 'media.example.net' } })
  })

  it('reads HEAD without a body, and does not expand brackets in a URL', async () => {
    const head = await ask({ method: 'HEAD' })
    expect(head.answer).toMatchObject({ is: 'answered', response: { status: 200, body: '' } })
    expect((await ask({ url: `${server.url}/a[1-3]{b,c}` })).seen.url).toBe('/a[1-3]{b,c}')
  })

  it('says in short words why there is no answer', async () => {
    expect((await ask({ url: 'http://127.0.0.1:1/' })).answer).toMatchObject({
      is: 'failed',
      observed: 'refused',
    })
    expect((await ask({ url: `${server.url}/slow`, timeoutMs: 200 })).answer).toMatchObject({
      is: 'failed',
      observed: 'timed out after 0.2 s',
    })
    expect((await ask({ url: 'http://nowhere.invalid/' })).answer).toMatchObject({
      is: 'failed',
      observed: 'the name does not resolve',
    })
    expect((await ask({ url: `https://127.0.0.1:${server.port}/` })).answer).toMatchObject({
      is: 'failed',
      observed: 'TLS handshake failed',
    })
    const bare = testSession({ env: { PATH: '/nonexistent' } })
    expect(parseAnswer(await bare.run(curlCommand(request())), 1000, decoded)).toMatchObject({
      is: 'unknown',
      observed: 'there is no curl',
    })
  })

  it('reads an answer whose body was cut', async () => {
    const { answer } = await ask({ url: `${server.url}/big` })
    expect(answer).toMatchObject({ is: 'answered', response: { status: 200 } })
    if (answer.is !== 'answered') throw new Error('no answer')
    expect(answerEvidence(answer.response, decoded).length).toBeLessThan(66_000)
  })

  it('does not show what authenticates', async () => {
    const { answer } = await ask({})
    if (answer.is !== 'answered') throw new Error('no answer')
    const evidence = answerEvidence(answer.response, decoded)
    expect(evidence).toContain('Set-Cookie: sid=‹not shown›; Path=/')
    expect(evidence).not.toContain('verysecret')
  })
})

const response = (more: Partial<HttpResponse> = {}) => ({
  is: 'answered' as const,
  response: {
    status: 200,
    statusLine: 'HTTP/1.1 200 OK',
    headers: [],
    body: '',
    cut: false,
    ms: 12,
    ...more,
  },
})

describe('what an answer has to be', () => {
  const origin = 'https://media.example.net'
  it.each<[HttpExpect, Partial<HttpResponse>, boolean, string]>([
    [{ status: 200 }, { status: 500 }, false, '500'],
    [{ status: 200 }, {}, true, '200'],
    [{ status: [200, 204] }, { status: 204 }, true, '204'],
    [{ status: '200-299' }, { status: 301 }, false, '301'],
    [{ status: 200, body: 'Media' }, {}, false, '200 but body is empty'],
    [{ status: 200, body: 'Media' }, { body: '<h1>Core</h1>' }, false, '200 but body lacks "Media"'],
    [{ match: '^ok$' }, { body: 'ok' }, true, '200'],
    [{ match: '/^OK/i' }, { body: 'ok.' }, true, '200'],
    [{ match: 'nope' }, { body: 'ok' }, false, '200 but body does not match nope'],
    [{ json: { '$.status': 'ok' } }, { body: '{"status":"ok"}' }, true, '200'],
    [{ json: { '$.status': 'ok' } }, { body: '{"status":"down"}' }, false, '200 but $.status is "down"'],
    [{ json: { '$.a[*].b': 2 } }, { body: '{"a":[{"b":1},{"b":2}]}' }, true, '200'],
    [{ json: { '$.v': '/^1\\./' } }, { body: '{"v":"1.2"}' }, true, '200'],
    [{ json: { '$.gone': 1 } }, { body: '{}' }, false, '200 but $.gone is absent'],
    [{ json: { $: 1 } }, { body: '<html>' }, false, '200 but body is not JSON'],
    [{ json: { $: 1 } }, {}, false, '200 but body is empty'],
    [
      { status: 204, headers: { 'Access-Control-Allow-Origin': origin } },
      { status: 204, headers: [['access-control-allow-origin', origin]] },
      true,
      `204, access-control-allow-origin: ${origin}`,
    ],
    [
      { headers: { 'access-control-allow-origin': origin } },
      {},
      false,
      '200 but access-control-allow-origin is absent',
    ],
    [
      { headers: { 'access-control-allow-origin': origin } },
      { headers: [['access-control-allow-origin', `${origin}.evil`]] },
      false,
      `200 but access-control-allow-origin is ${origin}.evil`,
    ],
    [
      { headers: { 'Content-Type': '/json/' } },
      { headers: [['content-type', 'application/json; charset=utf-8']] },
      true,
      '200, content-type: application/json; charset=utf-8',
    ],
    [{ headers: { server: null } }, { headers: [['Server', 'x']] }, false, '200 but server is there'],
    [{ latency: 0.5 }, { ms: 900 }, false, '200 but took 900 ms'],
  ])('%j', (wanted, got, ok, observed) => {
    expect(compareAnswer(wanted, response(got), decoded)).toMatchObject({ ok, observed })
  })

  it('tells what it wants', () => {
    expect(
      compareAnswer(
        {
          status: [200, 204],
          headers: { A: 'b', C: null },
          body: 'x',
          match: 'y',
          json: { $: 1 },
          latency: 2,
        },
        response(),
        decoded,
      ).expected,
    ).toBe('200 or 204, a: b, no c, body with "x", body ~ y, $ = 1, within 2 s')
    expect(compareAnswer({}, response(), decoded).expected).toBe('an answer')
    expect([statusFits(200, undefined), statusFits(200, '200'), statusFits(201, '200')]).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('the parameters', () => {
  const parse = (more: Record<string, unknown>) =>
    httpParams.safeParse({ url: 'http://x/', expect: { status: 200 }, ...more })

  it('become a request', () => {
    const p = httpParams.parse({
      url: 'https://127.0.0.1/api',
      method: 'options',
      host: 'media.example.net',
      insecure: true,
      timeout: '5s',
      resolve: '::1',
      expect: {},
    })
    expect(requestOf(p)).toEqual({
      url: 'https://127.0.0.1/api',
      method: 'OPTIONS',
      headers: { Host: 'media.example.net' },
      resolve: '::1',
      insecure: true,
      from: 'host',
      timeoutMs: 5000,
    })
    expect(curlConfig(requestOf(p)).text).toContain('connect-to = "::[::1]:"')
    expect(describeRequest(requestOf(p))).toBe(
      'OPTIONS https://127.0.0.1/api (Host media.example.net, at ::1, certificate not checked)',
    )
  })

  it.each([
    { url: 'file:///etc/passwd' },
    { url: '-K/etc/passwd' },
    { url: 'http://user:pw@x/' },
    { url: 'http://x/\nurl = "file:///etc/passwd"' },
    { method: 'GET\nX' },
    { host: 'a\r\nX: y' },
    { headers: { 'a b': 'c' } },
    { resolve: '127.0.0.1 -v' },
    { body: 'a', json: {} },
    { expect: { status: 99 } },
    { expect: { match: '(' } },
    { expect: { json: { status: 'ok' } } },
    { expect: { stats: 200 } },
  ])('fault 19: refuses %j', (more) => {
    expect(parse(more).success).toBe(false)
  })

  it('fault 19: no value reaches another line of the configuration', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\r', 'a', ' ', '=', '#') }),
        (a, b) => {
          const text = (a + b).replace(/[\u0000\u0002]/g, '')
          const base = curlConfig(request({ method: 'POST', body: 'x' })).text.split('\n').length
          expect(curlConfig(request({ method: 'POST', body: text })).text.split('\n').length).toBe(base)
        },
      ),
    )
    expect(() => curlConfig(request({ headers: { A: 'b\r\nc' } }))).toThrow(/line break/)
    expect(() => curlConfig(request({ body: '\u0002R0\u0002' }))).toThrow(/STX/)
  })
})

it('an answer that did not come is unknown, with the reason', () => {
  const empty = { bytes: new Uint8Array(), total: 0, cut: false }
  const result: RunResult = { endedBy: 'lost', stdout: empty, stderr: empty, ms: 3 }
  expect(parseAnswer(result, 1000, decoded)).toEqual({
    is: 'unknown',
    observed: 'the link was lost',
    detail: '',
    ms: 3,
  })
  expect(parseAnswer({ ...result, endedBy: 'timeout' }, 5000, decoded)).toMatchObject({
    is: 'failed',
    observed: 'timed out after 5 s',
  })
  expect(parseAnswer({ ...result, endedBy: 'exit', exitCode: 93 }, 5000, decoded)).toMatchObject({
    is: 'failed',
    observed: 'curl exit 93',
  })
})
