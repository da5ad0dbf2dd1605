import type { EventData, EventRecord, EventType } from '../event.ts'
import type { Incident, TimelineRow } from '../incident.ts'

/**
 * An incident in the making. What it shares with an older state is cloned on its first change and then changed in
 * place: one event costs the parts that it touches, and a replay of 100,000 clones each part once.
 */
export interface Draft {
  incident: Incident
  owned: Set<object>
  /** Rows are being added out of order; they are sorted once, at the end. */
  unsorted: boolean
}

/** A known event with its data, as a handler gets it. */
export type Known<T extends EventType> = EventRecord<T, EventData<T>> & { data: EventData<T> }

/** How events of some types change an incident. A handler is total and uses nothing but its arguments. */
export type Handlers = { [T in EventType]?: (draft: Draft, event: Known<T>) => void }

/** A draft on top of an incident, which itself stays as it is. */
export function draftOf(incident: Incident): Draft {
  return { incident: { ...incident }, owned: new Set(), unsorted: false }
}

/** A part of the draft that may be changed in place: an array or object at a key of an owned holder. */
export function own<H extends object, K extends keyof H>(draft: Draft, holder: H, key: K): NonNullable<H[K]> {
  const part = holder[key] as NonNullable<H[K]> & object
  if (draft.owned.has(part)) return part
  const clone = cloneOf(part)
  draft.owned.add(clone)
  holder[key] = clone
  return clone
}

/** A shallow copy; a map by names from outside stays without a prototype, as does one that was not there. */
function cloneOf<T extends object>(part: T | undefined): T {
  if (Array.isArray(part)) return part.slice() as unknown as T
  const map = part === undefined || Object.getPrototypeOf(part) === null
  return map ? Object.assign(Object.create(null), part) : { ...part }
}

/** A new part that the draft may change in place from now on. */
export function adopt<T extends object>(draft: Draft, part: T): T {
  draft.owned.add(part)
  return part
}

/** A row of the timeline for an event, at its own time where the row says none. */
export function addRow(
  draft: Draft,
  event: EventRecord,
  row: Omit<TimelineRow, 'event' | 'by' | 'at' | 'hlc'> & { at?: string },
): void {
  const rows = own(draft, draft.incident, 'timeline')
  const full: TimelineRow = { ...row, event: event.id, at: row.at ?? event.at, by: event.by, hlc: event.hlc }
  const last = rows.at(-1)
  if (last && byTime(last, full) > 0) draft.unsorted = true
  rows.push(full)
}

/** Changes the row that an event made; nothing where it made none. */
export function changeRow(
  draft: Draft,
  event: string,
  change: (row: TimelineRow) => Partial<TimelineRow>,
): void {
  const rows = own(draft, draft.incident, 'timeline')
  for (let index = rows.length - 1; index >= 0; index--) {
    const row = rows[index]!
    if (row.event !== event) continue
    rows[index] = { ...row, ...change(row) }
    return
  }
}

/** The finished incident, its timeline in order. */
export function finish(draft: Draft): Incident {
  if (draft.unsorted) {
    own(draft, draft.incident, 'timeline').sort(byTime)
    draft.unsorted = false
  }
  return draft.incident
}

/** The order of the timeline: when it happened, then the journal's order. */
function byTime(a: TimelineRow, b: TimelineRow): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1
  const [x, y] = [a.hlc ?? '', b.hlc ?? '']
  return x === y ? 0 : x < y ? -1 : 1
}
