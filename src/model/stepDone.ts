import type { Incident, StepState } from './incident.ts'
import { stepKey } from './reduce/steps.ts'

/** What the reason of `step.skipped` begins with where the run stopped at the step: it was refused, not passed over. */
const refused = 'stopped: '

/** True where a step needs nothing more on its host: a run that goes on does not ask for it again. */
export function isStepDone(state: Pick<StepState, 'state' | 'reason'> | undefined): boolean {
  if (state?.state === 'skipped') return !wasRefused(state)
  return state !== undefined && ['ok', 'in_sync', 'answered'].includes(state.state)
}

/** True where a person refused the step: nothing ran, and it is still to be done. */
export function wasRefused({ state, reason }: Pick<StepState, 'state' | 'reason'>): boolean {
  return state === 'skipped' && reason?.startsWith(refused) === true
}

/**
 * What is known of a step on a host in a run. What an interrupted run of the same runbook had begun and this one brought
 * to its end is recorded under that run, and counts here.
 */
export function stepStateIn(
  incident: Pick<Incident, 'runs' | 'steps'>,
  run: string,
  step: string,
  host: string,
): StepState | undefined {
  const own = incident.steps[stepKey({ run, step, host })]
  if (own !== undefined && own.state !== 'planned') return own
  const opened = incident.runs[run]
  const broughtToItsEnd = (state: StepState) =>
    state.step === step &&
    state.host === host &&
    incident.runs[state.run]?.runbook === opened?.runbook &&
    (state.verified?.at ?? '') > (opened?.at ?? '')
  return Object.values(incident.steps).findLast(broughtToItsEnd) ?? own
}
