import type { PlannedChange } from '../model/action.ts'
import type { CheckUnit } from './checks.ts'
import type { RunContext } from './context.ts'
import { hashOf } from './hash.ts'
import type { StepPlan } from './types.ts'

/** What was decided of the checks with effects: `left_out` goes on without them, `stop` does not go on. */
export type ProbesDecision = 'run' | 'left_out' | 'stop'

/** Asks for consent to the checks that have effects, as one more approval, and journals it; nothing is asked where there are none. */
export async function approveProbes(
  context: RunContext,
  checks: readonly CheckUnit[],
): Promise<ProbesDecision> {
  const probes = checks.filter(({ kind, params }) => kind.effect(params) === 'probe')
  const [first] = probes
  if (first === undefined) return 'left_out'
  const plan = planOf(context.run, first.host, probes)
  const request = { id: crypto.randomUUID(), plan, confirm: 'ask' as const, optional: true }
  const decision = await context.approve(request, context.signal)
  const ids = [...new Set(probes.map(({ spec }) => spec.id))]
  const decided = decision.answer === 'run' ? 'run' : decision.answer === 'skip' ? 'left_out' : 'stop'
  await context.append('probes.decided', {
    run: context.run,
    checks: ids,
    decided,
    ...(decision.answer === 'run' ? { how: decision.how } : {}),
    ...('reason' in decision ? { reason: decision.reason } : {}),
  })
  return decided
}

function planOf(run: string, host: string, probes: readonly CheckUnit[]): StepPlan {
  const because = 'they send requests with effects, before the first step and after the last'
  const changes = probes.map(({ spec, host, kind, params }): PlannedChange => {
    const say = `${spec.title} (${host})`
    const request = kind.request?.(params)
    return {
      do: request === undefined ? { say, ask: { question: spec.title } } : { say, request },
      undo: { impossible: 'a request that was answered is not taken back' },
    }
  })
  const plan = { outcome: 'would_change' as const, because, changes }
  return {
    run,
    step: 'probes',
    host,
    title: 'Checks with effects',
    uses: 'checks',
    outcome: plan.outcome,
    because,
    plan,
    hash: hashOf(plan),
    risk: 'change',
  }
}
