import type { RunContext, Unit } from './context.ts'
import type { UnitEnd } from './end.ts'
import type { ApprovalRequest, StepPlan } from './types.ts'

/** Takes a manual step: asks a person, and records the answer, or that a person is still needed. */
export async function askPerson(context: RunContext, unit: Unit, shown: StepPlan): Promise<UnitEnd> {
  const ref = { run: context.run, step: unit.step.id, host: unit.host }
  const asked = shown.plan.changes.flatMap(({ do: change }) => ('ask' in change ? [change.ask] : []))
  const question = asked
    .map((ask) => [ask.question, ask.instructions].filter(Boolean).join('\n'))
    .join('\n\n')
  context.progress({ step: unit.step.id, host: unit.host, doing: 'waiting for a person', waits: true })
  const request: ApprovalRequest = { id: crypto.randomUUID(), plan: shown, confirm: 'ask', question }
  const decision = await context.approve(request, context.signal)
  if (decision.answer === 'said') {
    await context.append('step.answered', { ...ref, answer: decision.text })
    const reason = `answered: ${decision.text}`
    await context.append('step.verified', { ...ref, verdict: decision.ok ? 'ok' : 'failed', reason, ms: 0 })
    return { end: decision.ok ? 'ok' : 'failed', code: decision.ok ? 0 : 1, reason }
  }
  if (decision.answer === 'stop') {
    await context.append('step.skipped', { ...ref, reason: `stopped: ${decision.reason}` })
    return { end: 'stopped', code: 4, reason: decision.reason }
  }
  const reason = decision.answer === 'skip' ? decision.reason : 'needs a person'
  await context.append('step.skipped', { ...ref, reason })
  return { end: 'skipped', code: 0, reason }
}
