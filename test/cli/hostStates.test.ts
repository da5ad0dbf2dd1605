import { expect, it } from 'vitest'
import { hostStatesTold } from '../../src/cli/hostStates.ts'

it('says what a run waits for, each trouble once until it is another', () => {
  const lines: string[] = []
  const tell = hostStatesTold((line) => lines.push(line))
  const since = '2026-11-20T03:11:00.000Z'
  tell('edge-1', { is: 'connecting', since })
  tell('edge-1', { is: 'ready', since })
  tell('edge-1', { is: 'stale', since })
  tell('edge-1', { is: 'lost', since, reason: 'the link was lost: no answer for 20 s' })
  tell('edge-1', { is: 'connecting', since, reason: 'the link was lost: no answer for 20 s' })
  const why = 'no end of the handshake within 10 s'
  tell('edge-1', { is: 'connecting', since, reason: `${why}; next try 03:12:09 UTC` })
  tell('edge-1', { is: 'connecting', since, reason: why })
  tell('edge-1', { is: 'connecting', since, reason: `${why}; next try 03:12:31 UTC` })
  tell('db-1', { is: 'connecting', since, reason: `${why}; trying again` })
  tell('edge-1', { is: 'ready', since })
  tell('edge-1', { is: 'stale', since })
  expect(lines).toEqual([
    'edge-1: silent since 03:11:00 UTC',
    `edge-1: ${why}; next try 03:12:09 UTC`,
    `db-1: ${why}; trying again`,
    'edge-1: silent since 03:11:00 UTC',
  ])
})
