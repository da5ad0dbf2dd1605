import type { Action, Plan } from '../model/action.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import { planAs, readerAs } from './as.ts'
import { aroundOf, type Outputs, type RunContext, type Unit } from './context.ts'
import { hashOf } from './hash.ts'
import type { StepPlan } from './types.ts'

/** A plan together with what made it, which the apply and the verification need. */
export interface Inspected {
  shown: StepPlan
  action: Action
  params: unknown
  facts: unknown
  /** The user that the step runs as. */
  as: string | undefined
}

/** A step that can't be inspected yet, because it waits for another's result. */
export interface Waiting {
  shown: StepPlan
  action?: undefined
}

/** The UTC stamp of a moment: `20261120T030405Z`. */
export function stampOf(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

/**
 * Inspects one unit and plans it. What can't be read is a plan `cannot_tell` with the reason; a host that can't be
 * reached, or a value that does not fit, throws.
 */
export async function inspectUnit(
  context: RunContext,
  unit: Unit,
  outputs: Outputs,
  stamp: string,
): Promise<Inspected | Waiting> {
  const { step, host } = unit
  const base = { run: context.run, step: step.id, host, title: step.title, uses: step.uses }
  const resolution = context.resolve(unit, outputs)
  if (resolution.is === 'after') {
    const because = `uses the output of ${resolution.step}`
    const plan: Plan = { outcome: 'cannot_tell', because, changes: [] }
    return {
      shown: {
        ...base,
        outcome: `after_step:${resolution.step}`,
        because,
        plan,
        hash: hashOf(plan),
        risk: 'change',
      },
    }
  }
  const { action, params, title, as } = resolution
  const session = await context.session(host)
  const reader = readerAs(session, as, { signal: context.signal, timeoutMs: 30_000 })
  let facts: unknown
  let plan: Plan
  try {
    facts = await action.inspect(reader, params, aroundOf(context, host, step))
    plan = planAs(action.plan(params, facts, { stamp, id: step.id }), as)
  } catch (error) {
    if (error instanceof SitrepError && error.kind !== 'failed') throw error
    plan = { outcome: 'cannot_tell', because: `inspection failed: ${messageOf(error)}`, changes: [] }
  }
  const risk = typeof action.risk === 'function' ? action.risk(params) : action.risk
  const shown: StepPlan = {
    ...base,
    title,
    outcome: plan.outcome,
    because: plan.because,
    plan,
    hash: hashOf(plan),
    risk,
  }
  return { shown, action, params, facts, as }
}

/** The data of the `step.planned` event of a plan. */
export function plannedData(shown: StepPlan) {
  const { run, step, host, title, uses, outcome, because, plan, hash } = shown
  return {
    run,
    step,
    host,
    title,
    uses,
    outcome,
    because,
    changes: plan.changes,
    ...(plan.evidence === undefined ? {} : { evidence: plan.evidence }),
    plan: hash,
  }
}
