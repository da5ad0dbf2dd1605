import type { EventData } from '../event.ts'
import type { StepState } from '../incident.ts'
import { isStillRunning } from '../stillRunning.ts'
import { addRow, adopt, changeRow, type Draft, type Handlers, own } from './draft.ts'
import { beginJob, endJob } from './jobs.ts'
import { driftEvidence, sayEnd, sayMs, wentWrong } from './words.ts'

type Ref = { run: string; step: string; host: string }

/** The key of a step on a host in a run. */
export function stepKey({ run, step, host }: Ref): string {
  return `${run} ${step} ${host}`
}

/** Steps from plan to verdict. */
export const steps: Handlers = {
  'step.planned'(draft, event) {
    const plan = event.data
    const known = draft.incident.steps[stepKey(plan)] !== undefined
    const step = ownStep(draft, plan, plan)
    step.plan = plan
    if (!known) step.drift = plan
    // A look after the step was carried out that finds all in place does not take back what the step did.
    const settled = step.changes.length > 0 && plan.outcome === 'in_sync'
    if (!settled) step.state = plan.outcome === 'in_sync' ? 'in_sync' : 'planned'
    // A manual step asks a person: it finds nothing.
    if (known || plan.uses === 'manual') return
    const evidence = driftEvidence(plan)
    if (plan.outcome === 'would_change' && plan.changes.length > 0) {
      const text = `Found: ${plan.title}: ${plan.because}`
      addRow(draft, event, { kind: 'step', text, host: plan.host, ...(evidence ? { evidence } : {}) })
    } else if (plan.outcome === 'cannot_tell') {
      addRow(draft, event, {
        kind: 'step',
        text: `Can't tell: ${plan.title}: ${plan.because}`,
        host: plan.host,
        bad: true,
      })
    }
  },
  'step.approved'(draft, event) {
    const { how } = event.data
    const step = ownStep(draft, event.data)
    step.state = 'approved'
    // What was said of an earlier try (stopped, not approved) is not true of this one.
    delete step.reason
    step.approved = { how, at: event.at, by: event.by }
    // What runs without being asked for was approved by nobody.
    if (how === 'auto') return
    addRow(draft, event, {
      kind: 'step',
      text: `Approved: ${step.title}`,
      host: step.host,
      evidence: approvals[how],
    })
  },
  'step.skipped'(draft, event) {
    const step = ownStep(draft, event.data)
    step.state = 'skipped'
    step.reason = event.data.reason
    addRow(draft, event, {
      kind: 'step',
      text: `Skipped: ${step.title}: ${event.data.reason}`,
      host: step.host,
    })
  },
  'step.started'(draft, event) {
    const { change, of, say, command, undo, undoHash } = event.data
    const step = ownStep(draft, event.data)
    const { run, host } = step
    beginJob(draft, event, { is: change >= 0 ? 'change' : 'undo', host, say, run, step: step.step })
    // A change numbered below 0 is an undo; its end is told by step.undone.
    if (change >= 0) {
      step.state = 'running'
      delete step.reason
      const started = {
        started: event.id,
        at: event.at,
        change,
        of,
        say,
        undo,
        undoHash,
      } as StepState['changes'][number]
      if (step.revert !== undefined && step.revert.end === undefined) {
        const { id, as } = step.revert
        started.revert = { id, ...(as === undefined ? {} : { as }) }
      }
      own(draft, step, 'changes').push(
        adopt(draft, command === undefined ? started : { ...started, command }),
      )
    }
    const what = change >= 0 ? 'Started' : 'Undo started'
    addRow(draft, event, { kind: 'step', text: `${what}: ${step.title}: ${say}`, host: step.host })
  },
  'step.applied'(draft, event) {
    const { started } = event.data
    endJob(draft, started, event.data, event.writer)
    const step = ownStep(draft, event.data)
    const changes = own(draft, step, 'changes')
    const index = changes.findIndex((change) => change.started === started)
    // Who lost the link, or found nothing of it, knows less than who saw its end.
    const { endedBy, began } = event.data
    if ((endedBy === 'lost' || began === 'no') && hasEnd(changes[index])) return
    if (index >= 0) {
      own(draft, changes, index).applied = { ...event.data, at: event.at, event: event.id }
      step.state = 'verifying'
    }
    changeRow(draft, started, () => ({
      evidence: sayEnd(event.data),
      ...(wentWrong(event.data) ? { bad: true } : {}),
    }))
  },
  'step.verified'(draft, event) {
    const { verdict, reason, ms } = event.data
    const step = ownStep(draft, event.data)
    step.verified = { ...event.data, at: event.at }
    step.reason = reason
    if (!(verdict === 'ok' && step.state === 'in_sync') && !isReverted(step, verdict)) step.state = verdict
    const text = `${verdictWords[verdict]}: ${step.title}: ${reason}`
    const evidence = `${verdict} after ${sayMs(ms)}`
    addRow(draft, event, {
      kind: 'step',
      text,
      host: step.host,
      evidence,
      ...(verdict === 'ok' ? {} : { bad: true }),
    })
  },
  'step.undone'(draft, event) {
    const { started, verdict, reason } = event.data
    const step = ownStep(draft, event.data)
    const changes = own(draft, step, 'changes')
    const index = changes.findIndex((change) => change.started === started)
    if (index >= 0) own(draft, changes, index).undone = { ...event.data, at: event.at }
    if (changes.every(({ undone }) => undone?.verdict === 'ok')) step.state = 'undone'
    // What verified it is no longer so: the reason is the undo's.
    const said = changes.flatMap(({ undone }) => (undone && undone.reason !== nothing ? [undone.reason] : []))
    step.reason = verdict === 'ok' && said.length > 0 ? [...new Set(said)].join('; ') : reason
    const text = `${verdict === 'ok' ? 'Undone' : 'Undo did not succeed'}: ${step.title}: ${reason}`
    addRow(draft, event, { kind: 'step', text, host: step.host, ...(verdict === 'ok' ? {} : { bad: true }) })
  },
  'step.cancelled'(draft, event) {
    const { gone, detail } = event.data
    const step = ownStep(draft, event.data)
    step.state = gone ? 'cancelled' : 'unknown'
    step.reason = detail
    const text = gone
      ? `Cancelled: ${step.title}: ${detail}`
      : `Cancel: ${step.title} is still running: ${detail}`
    addRow(draft, event, { kind: 'step', text, host: step.host, bad: true })
  },
  'step.unknown'(draft, event) {
    const step = ownStep(draft, event.data)
    if (!isReverted(step, 'unknown')) step.state = 'unknown'
    step.reason = event.data.reason
    addRow(draft, event, {
      kind: 'step',
      text: `Outcome unknown: ${step.title}: ${event.data.reason}`,
      host: step.host,
      bad: true,
    })
  },
  'step.answered'(draft, event) {
    const step = ownStep(draft, event.data)
    step.state = 'answered'
    step.answer = event.data.answer
    addRow(draft, event, {
      kind: 'step',
      text: `Answered: ${step.title}: ${event.data.answer}`,
      host: step.host,
    })
  },
  'revert.armed'(draft, event) {
    const { revert, after, as } = event.data
    const step = ownStep(draft, event.data)
    step.revert = { id: revert, after, at: event.at, ...(as === undefined ? {} : { as }) }
    const text = `Revert armed: ${step.title} goes back after ${after} s unless it is confirmed`
    addRow(draft, event, { kind: 'step', text, host: step.host })
  },
  'revert.refused'(draft, event) {
    const step = ownStep(draft, event.data)
    endRevert(draft, step, event.data.revert, 'refused')
    const text = `Not begun: ${step.title}: its revert could not be armed: ${event.data.reason}`
    addRow(draft, event, { kind: 'step', text, host: step.host, bad: true })
  },
  'revert.confirmed'(draft, event) {
    const step = ownStep(draft, event.data)
    endRevert(draft, step, event.data.revert, 'confirmed')
    const text = `Revert disarmed: ${step.title}: ${event.data.reason}`
    addRow(draft, event, { kind: 'step', text, host: step.host })
  },
  'revert.fired'(draft, event) {
    const { revert, verdict, detail } = event.data
    const step = ownStep(draft, event.data)
    const { run, host } = step
    const changes = own(draft, step, 'changes')
    for (const [index, change] of changes.entries()) {
      const { started } = change
      if (change.undone?.verdict === 'ok') continue
      const undone = { run, step: step.step, host, started, verdict, reason: detail, at: event.at }
      own(draft, changes, index).undone = undone
    }
    endRevert(draft, step, revert, 'fired')
    step.state = verdict === 'ok' ? 'undone' : 'failed'
    step.reason = detail
    const how = verdict === 'ok' ? 'Reverted by the host' : 'The host tried to revert, and failed'
    const text = `${how}: ${step.title}: ${detail}`
    addRow(draft, event, { kind: 'step', text, host: step.host, bad: true })
  },
}

/** True where the result of a change is recorded, and is its own end. */
function hasEnd(change: StepState['changes'][number] | undefined): boolean {
  const { applied } = change ?? {}
  if (applied === undefined || applied.endedBy === 'lost' || applied.began === 'no') return false
  return !isStillRunning(applied.problem === undefined ? {} : { problem: applied.problem })
}

/** True for a step that its host took back: what was found of it besides does not change that. */
function isReverted(step: StepState, verdict: 'ok' | 'failed' | 'unknown'): boolean {
  return verdict !== 'ok' && step.state === 'undone' && step.revert?.end === 'fired'
}

/** Notes what became of a revert; its changes are not waited for by it any more. */
function endRevert(
  draft: Draft,
  step: StepState,
  revert: string,
  end: NonNullable<StepState['revert']>['end'] & string,
): void {
  if (step.revert?.id === revert) step.revert = { ...step.revert, end }
  const changes = own(draft, step, 'changes')
  for (const [index, change] of changes.entries())
    if (change.revert?.id === revert) delete own(draft, changes, index).revert
}

/** What an undo says that had nothing to do. */
const nothing = 'nothing to take back'

const approvals: Record<EventData<'step.approved'>['how'], string> = {
  auto: 'auto',
  yes: '--yes',
  enter: 'enter',
  typed: 'target typed',
  answered: 'answered',
}

const verdictWords = { ok: 'Verified', failed: 'Verification failed', unknown: 'Verification unknown' }

/** The step of an event, made where no plan of it was recorded (an event of another console may have been lost). */
function ownStep(draft: Draft, ref: Ref, named?: { title: string; uses: string }): StepState {
  const all = own(draft, draft.incident, 'steps')
  const key = stepKey(ref)
  const { run, step, host } = ref
  const title = named?.title ?? step
  all[key] ??= adopt(draft, {
    run,
    step,
    host,
    title,
    uses: named?.uses ?? '',
    state: 'planned',
    changes: [],
  })
  return own(draft, all, key)
}
