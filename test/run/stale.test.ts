import { expect, it } from 'vitest'
import { actions } from '../../src/actions/index.ts'
import type { Change } from '../../src/model/action.ts'
import type { Inspected } from '../../src/run/inspect.ts'
import { markStale } from '../../src/run/stale.ts'

const named = (name: string) => actions.find((action) => action.name === name)!

function planned(
  step: string,
  o: { uses: string; params: unknown; outcome?: 'in_sync' | 'would_change'; change?: Change; host?: string },
): Inspected {
  const { outcome = 'in_sync', host = 'core-1' } = o
  const changes = o.change === undefined ? [] : [{ do: o.change, undo: [] }]
  const plan = { outcome, because: 'as wanted', changes }
  const shown = {
    run: 'r',
    step,
    host,
    title: step,
    uses: o.uses,
    outcome,
    because: 'as wanted',
    plan,
    hash: '',
    risk: 'change' as const,
  }
  return { shown, action: named(o.uses), params: o.params, facts: {}, as: undefined }
}

const edit: Change = { say: '', put: { path: '/opt/app/.env', content: { edits: [] }, expect: 'absent' } }
const set = planned('audience', { uses: 'env.set', params: {}, outcome: 'would_change', change: edit })
const restart = (cwd: string, host?: string) =>
  planned('restart', {
    uses: 'pm2.restart',
    params: { name: 'app', script: 'x', cwd, pm2: 'pm2' },
    ...(host === undefined ? {} : { host }),
  })

it('a step in sync that reads what an earlier one changes comes after it', () => {
  const [, after] = markStale([set, restart('/opt/app/')])
  expect(after?.shown).toMatchObject({
    outcome: 'after_step:audience',
    because: 'as wanted; audience changes what it reads',
  })
})

it('what is read elsewhere, on another host or before it, stays as it is', () => {
  const others = [restart('/opt/other'), restart('/opt/app', 'core-2')]
  expect(markStale([set, ...others]).slice(1)).toEqual(others)
  expect(markStale([restart('/opt/app'), set])[0]?.shown.outcome).toBe('in_sync')
})
