import type { Action, Plan } from '../model/action.ts'
import type { Reader } from '../model/command.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import { planAs, readerAs } from './as.ts'
import { shaOf } from './carry/content.ts'
import { aroundOf, type Outputs, type RunContext, type Unit } from './context.ts'
import { hashOf } from './hash.ts'
import type { Found } from './keep.ts'
import { withRevert } from './revert/plan.ts'
import { shownPlan } from './shown.ts'
import type { StepPlan } from './types.ts'

/** A plan together with what made it, which the apply and the verification need. */
export interface Inspected {
  shown: StepPlan
  action: Action
  params: unknown
  facts: unknown
  /** The user that the step runs as. */
  as: string | undefined
  /** Files of the host as the inspection read them, where the plan would change something. */
  fetched?: readonly { path: string; bytes: Uint8Array }[]
  /** The record of its approval, which is on its way to the disk: nothing starts before it is there. */
  approved?: Promise<unknown>
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
  const files = new Map<string, Uint8Array>()
  const took = (path: string, bytes: Uint8Array) => void files.set(path, bytes)
  const reader = telling(readerAs(session, as, { signal: context.signal, timeoutMs: 30_000 }), took)
  let facts: unknown
  let plan: Plan
  try {
    facts = await action.inspect(reader, params, aroundOf(context, host, step, took))
    plan = withRevert(planAs(action.plan(params, facts, { stamp, id: step.id }), as), step, as)
  } catch (error) {
    if (error instanceof SitrepError && error.kind !== 'failed') throw error
    plan = { outcome: 'cannot_tell', because: `inspection failed: ${messageOf(error)}`, changes: [] }
  }
  plan = shownPlan(context, plan)
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
  const fetched = plan.outcome === 'would_change' ? [...files].map(([path, bytes]) => ({ path, bytes })) : []
  return { shown, action, params, facts, as, fetched }
}

/** The reader, which tells of every file that it read. */
function telling(reader: Reader, took: (path: string, bytes: Uint8Array) => void): Reader {
  return {
    run: reader.run,
    read: async (path, o) => {
      const bytes = await reader.read(path, o)
      took(path, bytes)
      return bytes
    },
  }
}

/** Journals a plan, and keeps what it rests on: the diffs of its changes, and the files that the inspection read. */
export async function journalPlan(context: RunContext, found: Inspected | Waiting): Promise<void> {
  const { shown } = found
  const { host } = shown
  const diffs = shown.plan.changes.flatMap(({ do: { diff } }): Found[] =>
    diff === undefined || diff.unified === ''
      ? []
      : [{ host, name: `diff of ${diff.path}`, text: diff.unified }],
  )
  const files = (found.action === undefined ? [] : (found.fetched ?? [])).map(
    ({ path, bytes }): Found => ({ host, name: `file ${path}`, text: bytes, original: shaOf(bytes) }),
  )
  const unkept = await context.keep.found([...diffs, ...files])
  await context.append('step.planned', {
    ...plannedData(shown),
    ...(unkept === undefined ? {} : { unkept }),
  })
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
