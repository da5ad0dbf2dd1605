import { SitrepError } from '../model/errors.ts'
import { type EventData, type Milestone, milestones, type Severity, severities } from '../model/event.ts'
import { parseWhen } from '../model/when.ts'

/** What `sitrep set` changes. */
export interface Changes {
  fields: EventData<'incident.changed'>
  milestones: EventData<'milestone.set'>[]
}

/** Reads `KEY=VALUE` words; every mistake is told before anything is recorded. */
export function changesOf(pairs: readonly string[], now: Date): Changes {
  const changes: Changes = { fields: {}, milestones: [] }
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const key = pair.slice(0, Math.max(0, equals))
    const value = pair.slice(equals + 1)
    if (equals < 1) throw new SitrepError('usage', `expected KEY=VALUE, not ${pair}`)
    if (key === 'title' && value.trim() === '') throw new SitrepError('usage', 'the title is empty')
    if (key === 'title' || key === 'impact') changes.fields[key] = value
    else if (key === 'severity') changes.fields.severity = severityOf(value)
    else if (isMilestone(key))
      changes.milestones.push({ milestone: key, at: parseWhen(value, now).toISOString() })
    else {
      throw new SitrepError('usage', `unknown key ${key}`, {
        next: `known: title, severity, impact, ${milestones.join(', ')}`,
      })
    }
  }
  return changes
}

function severityOf(value: string): Severity {
  const found = severities.find((severity) => severity === value)
  if (found === undefined)
    throw new SitrepError('usage', `unknown severity ${value}`, { next: `known: ${severities.join(', ')}` })
  return found
}

function isMilestone(key: string): key is Milestone {
  return (milestones as readonly string[]).includes(key)
}
