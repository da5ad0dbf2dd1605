import { describe, expect, it } from 'vitest'
import { runChecks } from '../../src/run/checks.ts'
import { shownPlan, shownSaid } from '../../src/run/shown.ts'
import { runBench } from './bench.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString().replaceAll('a-long-secret', '‹secret:x›')

it('fault 24: what is recorded of a look is redacted before it is cut', () => {
  for (let before = 270; before < 310; before++) {
    const { reason } = shownSaid({ text }, { reason: `${'.'.repeat(before)}a-long-secret` }, 'reason')
    expect(reason.length).toBeLessThanOrEqual(300)
    expect(reason).not.toMatch(/a-lo/)
  }
  const long = shownSaid(
    { text },
    { observed: 'ok', evidence: `${'.'.repeat(4090)}a-long-secret tail` },
    'observed',
  )
  expect(long.evidence).toBe(`${'.'.repeat(4090)}‹secr…`)
  expect(shownSaid({ text }, { reason: 'ok', evidence: ['one', 'a-long-secret'] }, 'reason')).toEqual({
    reason: 'ok',
    evidence: ['one', '‹secret:x›'],
  })
})

it('fault 24: a plan says one short line of each change, from behind the pipe', () => {
  const undo = [{ say: 'b\nc', run: { argv: ['true'] } }]
  const changes = [290, 296, 310].map((before) => ({
    do: { say: `${'.'.repeat(before)}a-long-secret\nmore`, run: { argv: ['true'] } },
    undo,
  }))
  const plan = shownPlan({ text }, { outcome: 'would_change', because: 'a\n a-long-secret', changes })
  expect(plan.because).toBe('a ‹secret:x›')
  expect(JSON.stringify(plan)).not.toMatch(/a-lo/)
  expect(plan.changes.every(({ do: { say } }) => say.length <= 300 && say.endsWith('…'))).toBe(true)
  expect(plan.changes[0]?.undo).toEqual([{ say: 'b …', run: { argv: ['true'] } }])
})

const value = 'Crystal/Zebra+Quartz='
const lines = 'k-one\nk-two\nk-three'

describe('fault 24: in a real session, nothing of a secret is recorded', () => {
  const fill = 'head -c 1048560 /dev/zero | tr "\\0" x; echo'
  it.each([
    ['cut at 1 MiB', `${fill}; printf %s '${value}'; exit 3`],
    ['cut at 1 MiB, with lines', `yes line | head -c 1048570; printf %s '${value}'; exit 3`],
    ['of several lines', `printf '${lines.replaceAll('\n', '\\n')}'; exit 3`],
    ['base64 in lines', `printf %s '${value}' | base64 -w 8; exit 3`],
    ['in the text itself', `: ${'.'.repeat(108)}${value}; exit 3`],
  ])('%s', async (_, run) => {
    await using b = await runBench({
      steps: [{ id: 'step', with: { run } }],
      book: { checks: [{ id: 'look', title: 'A look', command: { run } }] },
    })
    b.incident.secrets.register('one', 'prompt', value)
    b.incident.secrets.register('lines', 'prompt', lines)
    expect(await b.run(b.unit('step'))).toMatchObject({ end: 'failed' })
    const found = await runChecks(b.context, b.prepared.checks, 'after', ['observe'])
    expect(found).toMatchObject([{ verdict: 'failed', observed: expect.stringMatching(/^exit 3/) }])
    const recorded = JSON.stringify([b.events(), b.incident.read()])
    const base64 =
      Buffer.from(value)
        .toString('base64')
        .match(/.{4,8}/g) ?? []
    for (const part of ['Cryst', 'Zebra', 'Quartz', 'k-two', 'k-three', ...base64.slice(1)])
      expect(recorded).not.toContain(part)
  })
})
