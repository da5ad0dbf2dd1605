// The fold: an incident's records, in the journal's order, to the incident as people see it. It is total (a record
// of a type, a version or a form that this version does not know is counted and kept out) and pure.
import { type EventRecord, type EventType, eventData } from './event.ts'
import type { Incident } from './incident.ts'
import { checks } from './reduce/checks.ts'
import { declared } from './reduce/declared.ts'
import { type Draft, draftOf, finish, type Handlers, own } from './reduce/draft.ts'
import { hosts } from './reduce/hosts.ts'
import { byOrder } from './reduce/order.ts'
import { records as recordHandlers } from './reduce/records.ts'
import { steps } from './reduce/steps.ts'

const handlers: Handlers = { ...declared, ...hosts, ...steps, ...checks, ...recordHandlers }

/** An incident of which nothing was recorded yet. */
export function emptyIncident(id: string): Incident {
  return {
    id,
    title: id,
    severity: 'sev3',
    status: 'investigating',
    declaredAt: '',
    updatedAt: '',
    milestones: {},
    timeline: [],
    runs: {},
    steps: {},
    checks: {},
    hosts: {},
    clocks: {},
    secrets: {},
    responders: [],
    roles: {},
    followups: [],
    commands: [],
    pins: [],
    exports: [],
    artifacts: {},
    logs: {},
    writers: {},
    recording: {},
    unknown: {},
    events: 0,
  }
}

/** The incident after one more record; parts that it does not touch stay the same objects. */
export function reduce(incident: Incident, record: EventRecord): Incident {
  const draft = draftOf(incident)
  apply(draft, record)
  return finish(draft)
}

/** The incident after many records, given in their order; much cheaper than one by one. */
export function foldAll(
  records: Iterable<EventRecord>,
  id: string,
  onto: Incident = emptyIncident(id),
): Incident {
  const draft = draftOf(onto)
  for (const record of records) apply(draft, record)
  return finish(draft)
}

/** A running fold of several writers' records. */
export interface LiveFold {
  incident(): Incident
  /** Adds records in any order; one that belongs before others that were folded already makes it fold again. */
  add(...records: EventRecord[]): Incident
}

/** Folds records as they come, so that every console ends with the same incident whatever order they arrived in. */
export function createFold(id: string, initial: readonly EventRecord[] = []): LiveFold {
  const known = [...initial].sort(byOrder)
  const ids = new Set(known.map((record) => record.id))
  let incident = foldAll(known, id)
  return {
    incident: () => incident,
    add(...records) {
      for (const record of records) {
        if (ids.has(record.id)) continue
        ids.add(record.id)
        const last = known.at(-1)
        known.push(record)
        if (last && byOrder(last, record) > 0) incident = foldAll(known.sort(byOrder), id)
        else incident = reduce(incident, record)
      }
      return incident
    },
  }
}

function apply(draft: Draft, record: EventRecord): void {
  const { incident } = draft
  incident.events++
  if (record.at > incident.updatedAt) incident.updatedAt = record.at
  own(draft, incident, 'writers')[record.writer] = { seq: record.seq, hash: record.hash }
  const strange = strangeness(record)
  if (strange !== undefined) {
    count(draft, strange)
    return
  }
  if (record.data === undefined) return // Erased: nothing is left to fold.
  const handler = handlers[record.type as EventType] as
    | ((draft: Draft, event: EventRecord) => void)
    | undefined
  handler?.(draft, record)
}

/** How a record that this version can't fold is counted; undefined for one that it can. */
function strangeness({ v, type, data }: EventRecord): string | undefined {
  if ((v as number) !== 1) return `${type} (version ${v})`
  if (!Object.hasOwn(eventData, type)) return type
  if (data === undefined || eventData[type as EventType].safeParse(data).success) return undefined
  return `${type} (not its form)`
}

function count(draft: Draft, name: string): void {
  const unknown = own(draft, draft.incident, 'unknown')
  unknown[name] = (Object.hasOwn(unknown, name) ? unknown[name]! : 0) + 1
}
