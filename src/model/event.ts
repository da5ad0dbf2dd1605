import type { z } from 'zod'
import { hostEvents } from './events/host.ts'
import { incidentEvents } from './events/incident.ts'
import { lookEvents } from './events/look.ts'
import { recordEvents } from './events/record.ts'
import { stepEvents } from './events/step.ts'

export { type Milestone, milestones, type Severity, type Status, severities, statuses } from './words.ts'

/** The data of every event type, by type. `docs/reference/events.md` is generated from this. */
export const eventData = {
  ...incidentEvents,
  ...hostEvents,
  ...stepEvents,
  ...lookEvents,
  ...recordEvents,
} as const

/**
 * Events that are written before something is begun. While the journal lives on its reserve they are refused, so that
 * nothing new begins; all others (results, verdicts, notes) are still taken.
 */
export const beginnings: ReadonlySet<EventType> = new Set<EventType>([
  'runbook.opened',
  'probes.decided',
  'step.approved',
  'step.started',
  'undo.approved',
  'command.started',
  'lock.taken',
  'lock.taken_over',
  'revert.armed',
])

export type EventType = keyof typeof eventData
export type EventData<T extends EventType> = z.infer<(typeof eventData)[T]>

/** One journal record as it stands in the file (protocol.md, "Journal record"). */
export interface EventRecord<T extends string = string, D = unknown> {
  v: 1
  /** UUIDv7. */
  id: string
  /** ISO 8601 UTC with milliseconds. */
  at: string
  /** Hybrid logical clock: `0001763668800123-0004`, which sorts as text. */
  hlc: string
  /** `ana@laptop`. */
  by: string
  writer: string
  seq: number
  type: T
  /** Absent where the event was erased. */
  data?: D
  salt?: string
  dataHash: string
  prev: string
  hash: string
}

/** A known event, typed by its `type`. */
export type SitrepEvent = { [T in EventType]: EventRecord<T, EventData<T>> }[EventType]

/** Narrows a record to a known type with its data; false for an unknown type or an erased one. */
export function isEvent<T extends EventType>(
  record: EventRecord,
  type: T,
): record is EventRecord<T, EventData<T>> & { data: EventData<T> } {
  return record.type === type && record.data !== undefined
}

/** Appends one event; resolves when it is on disk. */
export type Append = <T extends EventType>(
  type: T,
  data: EventData<T>,
) => Promise<EventRecord<T, EventData<T>>>
