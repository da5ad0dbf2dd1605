import type { Milestone, Status } from '../event.ts'
import { addRow, adopt, changeRow, type Draft, type Handlers, own } from './draft.ts'

/** Status changes that set a milestone of the same name when it is not set yet. */
const milestoneOf: Partial<Record<Status, Milestone>> = {
  identified: 'identified',
  resolved: 'resolved',
  closed: 'closed',
}

/** What people say about the incident: declaration, status, milestones, notes, roles, follow-ups. */
export const declared: Handlers = {
  'incident.declared'(draft, event) {
    const { title, severity, alert } = event.data
    Object.assign(
      draft.incident,
      { title, severity, declaredAt: event.at },
      alert === undefined ? {} : { alert },
    )
    setMilestone(draft, 'detected', event.at, event.id, false)
    addRow(draft, event, { kind: 'incident', text: `Declared ${severity}: ${title}` })
  },
  'incident.changed'(draft, event) {
    const { title, severity, impact } = event.data
    const said: string[] = []
    if (title !== undefined) said.push(`title: ${title}`)
    if (severity !== undefined) said.push(`severity: ${draft.incident.severity} → ${severity}`)
    if (impact !== undefined) said.push(`impact: ${impact}`)
    for (const [key, value] of Object.entries({ title, severity, impact })) {
      if (value !== undefined) Object.assign(draft.incident, { [key]: value })
    }
    if (said.length > 0) addRow(draft, event, { kind: 'incident', text: `Changed ${said.join('; ')}` })
  },
  'status.changed'(draft, event) {
    const { to } = event.data
    const from = draft.incident.status
    draft.incident.status = to
    const milestone = milestoneOf[to]
    if (milestone) setMilestone(draft, milestone, event.at, event.id, false)
    addRow(draft, event, { kind: 'status', text: from === to ? `Status: ${to}` : `Status: ${from} → ${to}` })
  },
  'milestone.set'(draft, event) {
    const { milestone, at, cites } = event.data
    const before = draft.incident.milestones[milestone]
    setMilestone(draft, milestone, at, cites ?? event.id, true)
    const corrected = before && before.at !== at ? ` (corrected; was ${before.at})` : ''
    addRow(draft, event, { kind: 'milestone', at, text: `${milestoneWords[milestone]}${corrected}` })
  },
  'note.added'(draft, event) {
    const { text, at, until } = event.data
    addRow(draft, event, { kind: 'note', at, text, ...(until === undefined ? {} : { until }) })
  },
  'note.corrected'(draft, event) {
    const { corrects, text } = event.data
    changeRow(draft, corrects, (row) => ({ text: `${text} (corrected; was: ${row.text})` }))
  },
  'responder.joined'(draft, event) {
    const { name } = event.data
    if (draft.incident.responders.includes(name)) return
    own(draft, draft.incident, 'responders').push(name)
    addRow(draft, event, { kind: 'incident', text: `${name} joined` })
  },
  'responder.left'(draft, event) {
    addRow(draft, event, { kind: 'incident', text: `${event.data.name} left` })
  },
  'role.set'(draft, event) {
    const { role, name } = event.data
    own(draft, draft.incident, 'roles')[role] = name
    addRow(draft, event, { kind: 'incident', text: `${role}: ${name}` })
  },
  'followup.added'(draft, event) {
    const { text, owner } = event.data
    const followup = { id: event.id, text, done: false, ...(owner === undefined ? {} : { owner }) }
    own(draft, draft.incident, 'followups').push(adopt(draft, followup))
  },
  'followup.changed'(draft, event) {
    const { followup, text, done } = event.data
    const followups = own(draft, draft.incident, 'followups')
    const index = followups.findIndex(({ id }) => id === followup)
    if (index < 0) return
    const changed = own(draft, followups, index)
    if (text !== undefined) changed.text = text
    if (done !== undefined) changed.done = done
  },
}

/** Milestones in a person's words. */
export const milestoneWords: Record<Milestone, string> = {
  impact_started: 'Impact started',
  detected: 'Detected',
  acknowledged: 'Acknowledged',
  identified: 'Cause identified',
  mitigated: 'Mitigated',
  resolved: 'Resolved',
  closed: 'Closed',
}

function setMilestone(draft: Draft, milestone: Milestone, at: string, event: string, correct: boolean): void {
  if (!correct && draft.incident.milestones[milestone]) return
  own(draft, draft.incident, 'milestones')[milestone] = { at, event }
}
