import pLimit from 'p-limit'
import type { CheckEffect, CheckKind, Observation } from '../model/check.ts'
import { messageOf } from '../model/errors.ts'
import type { EventData } from '../model/event.ts'
import type { CheckSpec } from '../model/runbook.ts'
import { readerAs } from './as.ts'
import { aroundOf, type RunContext } from './context.ts'
import { shownSaid } from './shown.ts'
import { verifyUntil } from './verify.ts'

/** One check on one host, filled in. */
export interface CheckUnit {
  spec: CheckSpec
  host: string
  kind: CheckKind
  params: unknown
}

/** How the checks of one phase came out. */
export type Observed = EventData<'check.observed'>

/** Looks at one host at once; the channels that they share are bounded elsewhere, and those that sudo needs stay at sshd's default of 10. */
export const channelsAtOnce = 10

/** When the checks are made; `before` and `after` fill the matrix. */
export type Phase = Observed['phase']

/**
 * Makes the checks of one phase: hosts side by side, and on one host at most ten at once.
 * A check with `within` is repeated after the last step until it is ok; before that, a failure is what one wants to
 * see. Each look is journaled in the runbook's order, as soon as those before it are.
 */
export async function runChecks(
  context: RunContext,
  units: readonly CheckUnit[],
  phase: Phase,
  effects: readonly CheckEffect[],
): Promise<Observed[]> {
  const wanted = units.filter(({ kind, params }) => effects.includes(kind.effect(params)))
  const limits = new Map(wanted.map(({ host }) => [host, pLimit(channelsAtOnce)]))
  const looking = wanted.map((unit) => limits.get(unit.host)?.(() => observe(context, unit, phase)))
  const results: Observed[] = []
  for (const look of looking) {
    const observed = await look
    if (observed === undefined) continue
    await context.append('check.observed', observed)
    results.push(observed)
  }
  return results
}

async function observe(context: RunContext, unit: CheckUnit, phase: Phase): Promise<Observed> {
  const { spec, host, kind, params } = unit
  const base = { run: context.run, check: spec.id, title: spec.title, host, kind: kind.kind, phase }
  let last: Observation = { verdict: 'unknown', expected: '', observed: 'not looked at', ms: 0 }
  try {
    const reader = readerAs(await context.session(host), spec.as, { signal: context.signal })
    const around = aroundOf(context, host)
    const look = async () => {
      last = await kind.observe(
        { ...around, reader, secrets: context.secrets, signal: context.signal },
        params,
      )
      return { verdict: last.verdict, reason: last.observed }
    }
    const within = phase === 'after' ? (spec.within ?? 0) : 0
    await verifyUntil(look, { settle: 0, within }, context)
  } catch (error) {
    last = { verdict: 'unknown', expected: last.expected, observed: messageOf(error), ms: last.ms }
  }
  const { evidence, ...rest } = shownSaid(context, last, 'observed')
  return { ...base, ...rest, ms: Math.round(rest.ms), ...(evidence === undefined ? {} : { evidence }) }
}
