import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { action as http } from '../../src/actions/http.ts'
import type { Plan } from '../../src/model/action.ts'
import { curlCommand } from '../../src/model/http.ts'
import { act, around } from '../helpers/act.ts'
import { httpServer } from '../helpers/httpServer.ts'
import { testSession } from '../helpers/reader.ts'

let server: Awaited<ReturnType<typeof httpServer>>
let health = 200
beforeAll(async () => {
  server = await httpServer(
    (seen, response) => void response.writeHead(seen.method === 'POST' ? 201 : health).end('{"id":7}'),
  )
})
afterAll(() => server[Symbol.asyncDispose]())

const drawn = { stamp: '', id: '' }

/** Sends the request of a plan as the runner does. */
async function send(session: ReturnType<typeof testSession>, plan: Plan) {
  const change = plan.changes[0]!.do
  if (!('request' in change)) throw new Error('no request')
  return session.run(curlCommand(change.request))
}

describe('http as a step', () => {
  it('GET looks each time: in sync when it answers as expected, cannot tell otherwise', async () => {
    const params = { url: `${server.url}/health`, expect: { status: 200 } }
    const session = testSession()
    const acted = await act(http, session, params)
    expect(acted.plan).toEqual({
      outcome: 'in_sync',
      because: `GET ${server.url}/health answers 200`,
      changes: [],
    })
    health = 503
    const down = await act(http, session, params)
    expect(down.plan).toEqual({
      outcome: 'cannot_tell',
      because: `GET ${server.url}/health: 503, expected 200`,
      changes: [],
    })
    const p = http.params.parse(params)
    const look = () =>
      http.verify(session, p, { before: down.facts, applied: [], around: around(session), drawn })
    expect(await look()).toMatchObject({ verdict: 'failed', reason: '503, expected 200' })
    health = 200
    expect(await look()).toMatchObject({ verdict: 'ok', reason: 'answered 200' })
    expect(typeof http.risk === 'function' && http.risk(p)).toBe('observe')
  })

  it('POST is sent once, as the change, and judged by its answer', async () => {
    const session = testSession()
    const params = {
      url: `${server.url}/items`,
      method: 'POST',
      json: { a: 1 },
      expect: { status: 201, json: { '$.id': 7 } },
    }
    const p = http.params.parse(params)
    const asked = server.seen.length
    const facts = await http.inspect(session, p, around(session))
    const plan = http.plan(p, facts, drawn)
    expect(server.seen.length).toBe(asked)
    expect(plan).toMatchObject({
      outcome: 'would_change',
      changes: [{ do: { say: `POST ${server.url}/items` }, undo: { impossible: expect.any(String) } }],
    })
    const applied = [await send(session, plan)]
    const verdict = await http.verify(session, p, { before: facts, applied, around: around(session), drawn })
    expect(verdict).toMatchObject({ verdict: 'ok', reason: 'answered 201' })
    const strict = http.params.parse({ ...params, expect: { status: 200 } })
    expect(
      await http.verify(session, strict, { before: facts, applied, around: around(session), drawn }),
    ).toMatchObject({ verdict: 'failed', reason: '201, expected 200' })
    expect(
      await http.verify(session, p, { before: facts, applied: [], around: around(session), drawn }),
    ).toMatchObject({ verdict: 'unknown' })
    expect(server.seen.length).toBe(asked + 1)
  })
})
