import type { JobState, Output } from '../../model/command.ts'
import { messageOf } from '../../model/errors.ts'
import type { Machine } from '../machine.ts'
import { outputLimit } from '../output.ts'
import { lookAt } from './look.ts'
import { outcomeOf, parseAttached, withoutMarks } from './outcome.ts'
import { lookText } from './text.ts'

/** Looks what became of a job, without waiting for it; with `claim`, one that is not there never starts. */
export async function jobState(machine: Machine, id: string, o: { claim?: boolean } = {}): Promise<JobState> {
  let looked: Awaited<ReturnType<typeof lookAt>>
  try {
    looked = await lookAt(machine, (nonce) => lookText({ nonce, id, limit: outputLimit, ...o }))
  } catch (error) {
    return { is: 'unknown', reason: messageOf(error) }
  }
  const { marks } = looked
  if (marks.has('none')) return { is: 'not_started' }
  const unclaimed = marks.get('unclaimed')
  if (unclaimed !== undefined)
    return { is: 'unknown', reason: `it can not be kept from starting: ${unclaimed}` }
  if (marks.has('running')) return { is: 'running' }
  const { nonce, as } = parseAttached(marks.get('attached') ?? '')
  const [out = 0, err = 0] = (marks.get('sizes') ?? '').trim().split(/\s+/).map(Number)
  const { stderr, said } = withoutMarks(looked.stderr, nonce)
  const result = outcomeOf({
    marks,
    command: {},
    said,
    sudoProblem: () => undefined,
    surelyRan: () => as === undefined || said.has('started'),
    stdout: whole(looked.stdout, out),
    stderr: whole(stderr, err - (looked.stderr.bytes.length - stderr.bytes.length)),
    ms: 0,
  })
  if (result === undefined) return { is: 'unknown', reason: 'the host did not say what became of the job' }
  if (result.endedBy === 'lost')
    return { is: 'unknown', reason: result.problem ?? 'its outcome is not known' }
  return { is: 'done', result }
}

const whole = (output: Output, size: number): Output => ({ ...output, total: size, cut: size > outputLimit })
