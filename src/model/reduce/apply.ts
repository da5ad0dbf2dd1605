import { type EventRecord, type EventType, eventData } from '../event.ts'
import { checks } from './checks.ts'
import { declared } from './declared.ts'
import { addRow, type Draft, type Handlers, own } from './draft.ts'
import { hosts } from './hosts.ts'
import { records } from './records.ts'
import { steps } from './steps.ts'

const handlers: Handlers = { ...declared, ...hosts, ...steps, ...checks, ...records }

/** Takes one record into a draft: its place in the chain always, what it tells where this version knows it. */
export function apply(draft: Draft, record: EventRecord): void {
  const { incident } = draft
  incident.events++
  if (record.at > incident.updatedAt) incident.updatedAt = record.at
  own(draft, incident, 'writers')[record.writer] = { seq: record.seq, hash: record.hash }
  const strange = strangeness(record)
  if (strange) {
    tell(draft, record, strange)
    return
  }
  if (record.data === undefined) {
    // Erased: nothing is left to fold. An incident whose title was erased was declared all the same.
    if (record.type === 'incident.declared' && incident.declaredAt === '') incident.declaredAt = record.at
    return
  }
  const handler = handlers[record.type as EventType] as
    | ((draft: Draft, event: EventRecord) => void)
    | undefined
  handler?.(draft, record)
}

interface Strange {
  name: string
  why: string
}

const later = 'of a later version of sitrep'

/** Why this version can't fold a record, and as what it is counted; undefined for one that it can. */
function strangeness({ v, type, data }: EventRecord): Strange | undefined {
  if ((v as number) !== 1) return { name: `${type} (version ${v})`, why: later }
  if (!Object.hasOwn(eventData, type)) return { name: type, why: later }
  if (data === undefined || eventData[type as EventType].safeParse(data).success) return undefined
  return { name: `${type} (not its form)`, why: 'not in the form that this version knows' }
}

/** So many rows for each name, and so many names, so that a strange journal fills neither the timeline nor the memory. */
const rowsOfEach = 20
const mostNames = 100
const others = 'other types'

/** Counts a record that this version can't fold, and says on the timeline that it is there. */
function tell(draft: Draft, record: EventRecord, { name, why }: Strange): void {
  const unknown = own(draft, draft.incident, 'unknown')
  const known = Object.hasOwn(unknown, name) || Object.keys(unknown).length < mostNames
  const counted = known ? name : others
  const count = (Object.hasOwn(unknown, counted) ? unknown[counted]! : 0) + 1
  unknown[counted] = count
  if (count > rowsOfEach) return
  const rest = count === rowsOfEach ? '; further ones are only counted' : ''
  addRow(draft, record, { kind: 'other', text: `${name}: ${why}${rest}` })
}
