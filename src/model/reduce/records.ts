import type { EventData } from '../event.ts'
import { addRow, adopt, type Handlers, own } from './draft.ts'
import { beginJob, endJob } from './jobs.ts'
import { stepKey } from './steps.ts'
import { sayEnd, wentWrong } from './words.ts'

/** Runs, commands, pins, locks, exports, artifacts, and the record itself. */
export const records: Handlers = {
  'runbook.opened'(draft, event) {
    const { run, runbook, title, hosts, from } = event.data
    own(draft, draft.incident, 'runs')[run] = adopt(draft, { ...event.data, at: event.at, by: event.by })
    const text = `Opened runbook ${runbook}: ${title} (${hosts.join(', ')})${from === undefined ? '' : `, from step ${from}`}`
    addRow(draft, event, { kind: 'run', text, evidence: `sha256 ${event.data.sha256.slice(0, 12)}` })
  },
  'run.finished'(draft, event) {
    const { run, exit, summary } = event.data
    const runs = own(draft, draft.incident, 'runs')
    if (runs[run]) own(draft, runs, run).finished = { ...event.data, at: event.at }
    const name = runs[run]?.runbook ?? run
    const text = `Finished runbook ${name}${summary ? `: ${summary}` : ''}`
    addRow(draft, event, {
      kind: 'run',
      text,
      evidence: `exit ${exit}`,
      ...(exit === 0 ? {} : { bad: true }),
    })
  },
  'undo.approved'(draft, event) {
    const { run, step, host, how, because } = event.data
    const title = draft.incident.steps[`${run} ${step} ${host}`]?.title ?? step
    const text = `Undo approved: ${title}${because === undefined ? '' : `: ${because}`}`
    addRow(draft, event, { kind: 'step', text, host, evidence: undoApprovals[how] })
  },
  'undo.refused'(draft, event) {
    const { run, step, host, reason } = event.data
    const title = draft.incident.steps[`${run} ${step} ${host}`]?.title ?? step
    addRow(draft, event, { kind: 'step', text: `Undo not approved: ${title}: ${reason}`, host })
  },
  'secret.registered'(draft, event) {
    const { name, source, check } = event.data
    own(draft, draft.incident, 'secrets')[name] = source
    const checks = own(draft, draft.incident, 'secretChecks')
    const before = Object.hasOwn(checks, name) ? checks[name]! : []
    checks[name] = [...before, { at: event.at, ...(check === undefined ? {} : { check }) }]
  },
  'command.started'(draft, event) {
    const { host, command } = event.data
    beginJob(draft, event, { is: 'command', host, say: command })
  },
  'command.ran'(draft, event) {
    const { host, command, started } = event.data
    endJob(draft, started, event.data, event.writer)
    const commands = own(draft, draft.incident, 'commands')
    const ran = { ...event.data, at: event.at, by: event.by, event: event.id }
    // Its link was lost, and a later look found the truth.
    const lost = commands.findIndex(
      (one) => one.endedBy === 'lost' && started !== undefined && one.started === started,
    )
    if (lost >= 0) commands[lost] = ran
    else commands.push(ran)
    const row = { kind: 'command' as const, text: `Ran: ${command}`, host, evidence: sayEnd(event.data) }
    addRow(draft, event, wentWrong(event.data) ? { ...row, bad: true } : row)
  },
  'log.pinned'(draft, event) {
    const { host, source, at, received, uncertaintyMs, lines } = event.data
    own(draft, draft.incident, 'pins').push({ ...event.data, event: event.id, by: event.by })
    const more = lines.length > 1 ? ` (and ${lines.length - 1} more lines)` : ''
    const late = received !== undefined && Date.parse(received) - Date.parse(at) > 60_000
    addRow(draft, event, {
      kind: 'log',
      at,
      text: `Log ${source}: ${lines[0] ?? ''}${more}`,
      host,
      ...(uncertaintyMs === undefined ? {} : { uncertaintyMs }),
      // A line of the past, that was there when the log was first followed.
      ...(late ? { evidence: `received ${received.slice(0, 19)}Z` } : {}),
    })
  },
  'lock.taken'(draft, event) {
    const key = stepKey(event.data)
    const all = own(draft, draft.incident, 'steps')
    if (all[key] !== undefined) own(draft, all, key).resources = event.data.resources
    const { host, resources, unexcluded } = event.data
    if (unexcluded === undefined) return
    const text = `Locked ${resources.join(', ')}, but not against ${unexcluded}`
    addRow(draft, event, { kind: 'host', text, host, bad: true })
  },
  'lock.taken_over'(draft, event) {
    const { host, resource, over, holder, since } = event.data
    addRow(draft, event, {
      kind: 'host',
      text: `Took over the lock of ${resource} from ${holder}, held since ${since}`,
      host,
      evidence: over,
      bad: true,
    })
  },
  'artifact.added'(draft, event) {
    const { sha256, bytes, name, host, original, cut } = event.data
    own(draft, draft.incident, 'artifacts')[sha256] = {
      bytes,
      name,
      cut,
      ...(host === undefined ? {} : { host }),
      ...(original === undefined ? {} : { original }),
    }
  },
  'log.kept'(draft, event) {
    own(draft, draft.incident, 'logs')[event.data.file] = { ...event.data, event: event.id }
  },
  'log.dropped'(draft, event) {
    const { file, reason } = event.data
    delete own(draft, draft.incident, 'logs')[file]
    const dropped = own(draft, draft.incident, 'dropped')
    const folder = file.slice(0, file.lastIndexOf('/'))
    const before = Object.hasOwn(dropped, folder) ? dropped[folder]! : 0
    dropped[folder] = before + 1
    // A flood drops a part a second: one row says that it happens.
    if (before === 0)
      addRow(draft, event, { kind: 'log', text: `Removed the oldest parts of ${folder}: ${reason}` })
  },
  'recording.stopped'(draft, event) {
    own(draft, draft.incident, 'recording').stopped = event.data.cause
    addRow(draft, event, { kind: 'record', text: `Recording stopped: ${event.data.cause}`, bad: true })
  },
  'recording.resumed'(draft, event) {
    delete own(draft, draft.incident, 'recording').stopped
    const seconds = (event.data.gapMs / 1000).toFixed(1)
    addRow(draft, event, { kind: 'record', text: `Recording resumed after a gap of ${seconds} s`, bad: true })
  },
  'export.written'(draft, event) {
    own(draft, draft.incident, 'exports').push({ ...event.data, at: event.at })
    const evidence = `sha256 ${event.data.sha256.slice(0, 12)}`
    addRow(draft, event, { kind: 'export', text: `Exported ${event.data.path}`, evidence })
  },
  erased(draft, event) {
    const { event: id, files = [], reason } = event.data
    const what = [...(id === undefined ? [] : [`event ${id}`]), ...files].join(', ')
    for (const file of files) {
      delete own(draft, draft.incident, 'logs')[file]
      delete own(draft, draft.incident, 'artifacts')[file.replace(/^artifacts\/|\.gz$/g, '')]
    }
    addRow(draft, event, { kind: 'record', text: `Erased ${what}: ${reason}` })
  },
}

const undoApprovals: Record<EventData<'undo.approved'>['how'], string> = {
  auto: 'auto',
  yes: '--yes',
  enter: 'enter',
  typed: 'target typed',
  answered: 'answered',
}
