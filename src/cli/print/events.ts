import type { Plan } from '../../model/action.ts'
import { type EventRecord, isEvent } from '../../model/event.ts'
import type { Ink } from '../output.ts'
import { checkLine } from './checkLine.ts'
import { planLines } from './plan.ts'

/**
 * What prints the events of runs or an undo. It remembers what each plan said, so as not to say it twice. Of a run on
 * `several` hosts each line that follows the plans names its host, for they run side by side.
 */
export function eventPrinter(
  ink: Ink,
  several: (run: string) => boolean = () => false,
): (record: EventRecord) => string[] {
  const said = new Map<string, string>()
  return (record) => {
    if (isEvent(record, 'step.planned')) {
      const { run, step, host, because, outcome } = record.data
      if (outcome === 'in_sync' || outcome === 'cannot_tell') said.set(`${run} ${step} ${host}`, because)
      else said.delete(`${run} ${step} ${host}`)
    }
    if (isEvent(record, 'step.verified')) {
      const { run, step, host, reason, evidence } = record.data
      const key = `${run} ${step} ${host}`
      const before = said.get(key)
      said.delete(key)
      if (before === reason && (evidence ?? []).length === 0) return []
    }
    const lines = eventLines(record, ink)
    const host = hostToName(record, several)
    return host === undefined ? lines : lines.map((line, index) => (index === 0 ? naming(line, host) : line))
  }
}

function hostToName(record: EventRecord, several: (run: string) => boolean): string | undefined {
  // A plan and a check name theirs.
  if (!/^(step|lock|revert)\./.test(record.type) || isEvent(record, 'step.planned')) return undefined
  const { run, host } = record.data as { run?: string; host?: string }
  return run !== undefined && several(run) ? host : undefined
}

/** The line with the host behind its indentation, which may be painted. */
function naming(line: string, host: string): string {
  return line.replace(/^\S*? +/, (lead) => `${lead}${host}  `)
}

/** What `run` and `undo` print of one event; nothing for what is only for the record. */
export function eventLines(record: EventRecord, ink: Ink): string[] {
  if (isEvent(record, 'host.connected')) {
    const { host, user, address, fingerprint, because, notes = [] } = record.data
    return [
      `${host}  connected as ${user} at ${address}${fingerprint === undefined ? '' : `, ${fingerprint}`}`,
      ...(because === undefined ? [] : [`${host}  by the system's ssh: ${because}`]),
      ...notes.map((note) => ink('warn', `${host}  ${note}`)),
    ]
  }
  if (isEvent(record, 'host.refused'))
    return [ink('bad', `${record.data.host}  refused: ${record.data.reason}`)]
  if (isEvent(record, 'host.lost')) return [ink('bad', `${record.data.host}  lost: ${record.data.reason}`)]
  if (isEvent(record, 'check.observed'))
    return [`${record.data.phase.padEnd(6)}${checkLine(record.data, ink)}`]
  if (isEvent(record, 'step.planned')) {
    const { run, step, host, title, uses, outcome, because, changes, evidence, plan } = record.data
    const shown = {
      outcome: 'cannot_tell',
      because,
      changes,
      ...(evidence === undefined ? {} : { evidence }),
    } as Plan
    const lines = planLines(
      {
        run,
        step,
        host,
        title,
        uses,
        outcome: outcome as Plan['outcome'],
        because,
        plan: shown,
        hash: plan,
        risk: 'change',
      },
      ink,
    )
    return [`${host}`, ...lines]
  }
  if (isEvent(record, 'step.approved')) return [ink('dim', `    approved (${record.data.how})`)]
  if (isEvent(record, 'step.skipped')) return [ink('warn', `    skipped: ${record.data.reason}`)]
  if (isEvent(record, 'lock.taken') && record.data.unexcluded !== undefined)
    return [ink('warn', `    locked, but not against ${record.data.unexcluded}`)]
  if (isEvent(record, 'lock.taken_over')) {
    const { over, resource, holder, since } = record.data
    return [ink('warn', `    took over the lock ${over} of ${resource} from ${holder}, held since ${since}`)]
  }
  if (isEvent(record, 'step.started')) {
    const { change, of, say } = record.data
    return [change < 0 ? `    undo: ${say}` : `    ${change + 1}/${of} ${say}`]
  }
  if (isEvent(record, 'step.applied')) {
    const { endedBy, exitCode, problem, ms, stderr } = record.data
    const well = endedBy === 'exit' && exitCode === 0 && problem === undefined
    const how = problem ?? (endedBy === 'exit' ? `exit ${exitCode}` : endedBy)
    const said = well || stderr === '' ? [] : stderr.split('\n').map((line) => `        ${line}`)
    return [`        ${ink(well ? 'good' : 'bad', how)}  ${seconds(ms)}`, ...said]
  }
  if (isEvent(record, 'step.verified')) {
    const { verdict, reason, ms, evidence } = record.data
    const style = verdict === 'ok' ? 'good' : verdict === 'failed' ? 'bad' : 'warn'
    return [
      `    ${ink(style, verdict)}: ${reason}  ${seconds(ms)}`,
      ...(evidence ?? []).map((line) => `        ${line}`),
    ]
  }
  if (isEvent(record, 'step.undone')) {
    const { verdict, reason } = record.data
    return [`    ${ink(verdict === 'ok' ? 'good' : 'bad', `undo ${verdict}`)}: ${reason}`]
  }
  if (isEvent(record, 'revert.armed'))
    return [ink('dim', `    arming: goes back after ${record.data.after} s unless confirmed`)]
  if (isEvent(record, 'revert.refused')) return [ink('bad', `    not armed: ${record.data.reason}`)]
  if (isEvent(record, 'revert.confirmed')) return [ink('dim', '    disarmed: does not go back by itself')]
  if (isEvent(record, 'revert.fired'))
    return [ink('bad', `    taken back by the host (${record.data.verdict}): ${record.data.detail}`)]
  if (isEvent(record, 'step.cancelled')) return [ink('bad', `    cancelled: ${record.data.detail}`)]
  if (isEvent(record, 'step.unknown')) return [ink('bad', `    unknown: ${record.data.reason}`)]
  if (isEvent(record, 'run.finished'))
    return record.data.summary === undefined ? [] : [ink('bad', record.data.summary)]
  if (isEvent(record, 'step.answered')) return [`    answered: ${record.data.answer}`]
  return []
}

function seconds(ms: number): string {
  return ms === 0 ? '' : `(${(ms / 1000).toFixed(1)} s)`
}
