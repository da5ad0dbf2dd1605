import { expect, it } from 'vitest'
import { approvalLines, typedQuestion } from '../../src/cli/print/approval.ts'
import { approvalRequest } from '../views/scenes.ts'

const ink = (_: string, text: string) => text

it('fault 32: of a lock that would be taken over the terminal says whose it is, and what is typed for it', () => {
  const holder = {
    lock: 'ea57659b',
    resource: 'pm2:core',
    by: 'root@vm',
    incident: 'another',
    step: 'book/restart',
    since: '2026-11-21T20:00:00Z',
    running: false,
  }
  const because = 'root@vm has pm2:core since 2026-11-21T20:00:00Z'
  const plan = { ...approvalRequest.plan, title: 'the lock of root@vm, for: Restart', because }
  const request = {
    ...approvalRequest,
    plan,
    confirm: 'typed' as const,
    target: holder.lock,
    holder,
    repeats: 'ask them first',
  }
  expect(approvalLines(request, ink, false)).toEqual([
    `  ${plan.step}  the lock of root@vm, for: Restart`,
    `    held: ${because}`,
    '    ask them first',
  ])
  expect(typedQuestion(request)).toBe(
    'Type ea57659b to take this lock over, s to skip, anything else to stop: ',
  )
  const { holder: _, ...step } = request
  expect(approvalLines(step, ink, false).join('\n')).toContain('would change: ')
  expect(typedQuestion(step)).toContain('ea57659b to run this')
})
