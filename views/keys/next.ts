import type { Intent } from '../../src/console.types.ts'
import {
  atWork,
  type Context,
  nextStep,
  selectedHost,
  selectedStep,
  stepState,
  undoableChanges,
} from '../context.ts'
import { runs } from './off.ts'

/** What `enter` in the steps does now, and how the footer calls it; without an intent it lists the runbooks. */
export function nextThing(context: Context): { name: string; send?: Intent } {
  const { room } = context.state
  if (!room?.run) {
    if (!room?.suggested) return { name: 'choose a runbook' }
    return {
      name: `open ${room.suggested} (only looks)`,
      send: { do: 'openRunbook', runbook: room.suggested },
    }
  }
  const next = nextStep(room)
  const finished = room.run.phase === 'finished'
  if (finished && room.run.exit !== 0) return { name: 'plan again', send: { do: 'replan' } }
  if (finished || !next) return { name: 'export the postmortem', send: { do: 'export' } }
  const changed = (host: string, step: string) => (stepState(room, step, host)?.changes.length ?? 0) > 0
  const started =
    next.number > 1 || room.run.steps.some((step) => step.hosts.some((host) => changed(host, step.id)))
  return {
    name: `${started ? 'go on with' : 'run from'} ${next.number} ${next.step.id}, asks first`,
    send: { do: 'run' },
  }
}

/** Why `enter` in the steps does nothing now. */
export function nextOff({ state }: Context): string | undefined {
  const run = state.room?.run
  if (!run) return undefined
  if (run.phase === 'connecting') return 'it connects to the hosts'
  if (run.phase === 'planning' || run.phase === 'checking') return 'it still looks at the hosts'
  if (run.phase === 'running') {
    const [first] = atWork(state)
    return `${first?.step || 'it'} is at work`
  }
  return undefined
}

/** Why the selected step can't be undone now. */
export function undoOff(context: Context): string | undefined {
  const { room } = context.state
  const step = selectedStep(context)
  const host = selectedHost(context)
  if (!room || !step || host === undefined) return 'no runbook is open'
  if (runs(context.state)) return 'a run is at work; x cancels it'
  if (undoableChanges(room, step.id, host).length === 0) return `${step.id} has changed nothing on ${host}`
  return undefined
}
