import type { Incident, RevertRef, StepState } from '../../model/incident.ts'
import type { RunContext, Unit } from '../context.ts'
import type { UnitEnd } from '../end.ts'
import { endUnknown } from '../end.ts'
import { confirmRevert, lookAtRevert } from './end.ts'
import { revertOf } from './ref.ts'

/** The steps on these hosts whose revert was armed and has no end in the journal, oldest first. */
export function openReverts(
  incident: Incident,
  hosts: readonly string[],
): { state: StepState; revert: RevertRef }[] {
  return Object.values(incident.steps).flatMap((state) => {
    const { revert } = state
    return revert === undefined || revert.end !== undefined || !hosts.includes(state.host)
      ? []
      : [{ state, revert }]
  })
}

/**
 * Looks what became of the reverts that earlier consoles armed, and journals it: fired (the step is then not done),
 * confirmed, or never armed. Gives a line for each, also for one that is still armed or can't be asked. A host that is
 * not reached leaves its own as they are.
 */
export async function settleReverts(
  running: Pick<RunContext, 'session' | 'append' | 'text' | 'signal'>,
  incident: { read(): Incident },
  hosts: readonly string[],
): Promise<string[]> {
  const told: string[] = []
  for (const { state, revert } of openReverts(incident.read(), hosts)) {
    const ref = { run: state.run, step: state.step, host: state.host }
    const { id, as } = revert
    // Nothing is begun before the host has armed it.
    const proven = state.changes.some((change) => change.revert?.id === id)
    const end = await lookAtRevert(running, ref, { id, ...(as === undefined ? {} : { as }) }, { proven })
    await removeJobs(running, state, end.is === 'fired')
    const what = end.is === 'kept' ? 'its revert is not armed any more' : end.reason
    told.push(`${state.step} on ${state.host}: ${what}`)
  }
  return told
}

/** Removes from the host the job that armed it, and those of a step that it took back: nobody waits for them any more. */
async function removeJobs(
  { session }: Pick<RunContext, 'session'>,
  { host, changes, revert }: StepState,
  fired: boolean,
): Promise<void> {
  const all = changes.map(({ started }) => started)
  const ids = [...(revert === undefined ? [] : [revert.id]), ...(fired ? all : [])]
  try {
    const way = await session(host)
    for (const id of ids) {
      if ((await way.jobState(id)).is !== 'done') continue
      // The host knows the id, so this attaches and starts nothing.
      const job = await way.job(id, { argv: ['false'] })
      await job.done
      await job.remove()
    }
  } catch {
    // What can't be reached now is left to `sitrep doctor`.
  }
}

/** Confirms the revert of a step that an earlier run began, where this run found that it holds; else it stays armed. */
export async function keptRevert(running: RunContext, unit: Unit, end: UnitEnd): Promise<UnitEnd> {
  const revert = revertOf(unit.left?.started ?? [])
  if (revert === undefined || unit.left === undefined || !['ok', 'in_sync'].includes(end.end)) return end
  const context = { ...running, run: unit.left.run }
  const ref = { run: unit.left.run, step: unit.step.id, host: unit.host }
  const kept = await confirmRevert(context, ref, revert, `it holds: ${end.reason}`)
  if (kept.is === 'kept') return end
  if (kept.is === 'fired') return { end: 'failed', code: 1, reason: kept.reason }
  return endUnknown(context, ref, `${end.reason}; but it could not be confirmed: ${kept.reason}`)
}
