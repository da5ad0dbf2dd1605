// The fold: an incident's records, in the journal's order, to the incident as people see it. It is total (a record
// of a type, a version or a form that this version does not know is counted, and told by a row) and pure.
import type { EventRecord } from './event.ts'
import type { Incident } from './incident.ts'
import { apply } from './reduce/apply.ts'
import { type Draft, draftOf, finish } from './reduce/draft.ts'
import { byOrder } from './reduce/order.ts'

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
    runs: map(),
    steps: map(),
    checks: map(),
    hosts: map(),
    clocks: map(),
    secrets: map(),
    secretChecks: map(),
    responders: [],
    roles: map(),
    followups: [],
    commands: [],
    pins: [],
    exports: [],
    artifacts: map(),
    logs: map(),
    dropped: map(),
    writers: map(),
    recording: {},
    unknown: map(),
    events: 0,
  }
}

/** Its keys are names from outside: `__proto__` and `constructor` are keys like any other. */
function map(): Record<string, never> {
  return Object.create(null) as Record<string, never>
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

/** A running fold of several writers' records. It keeps the last of them only, however long the journal is. */
export interface Fold {
  /** The incident as of now; it never changes, the next one is another object. */
  incident(): Incident
  /** Takes in the record that stands next in the journal's order, as a reading of it gives them. */
  next(record: EventRecord): void
  /**
   * Takes in a record in any order among the last ones (at least `window` of them); one that it has among them changes
   * nothing. False where the record belongs before what can still be taken back: then all has to be folded again.
   */
  add(record: EventRecord): boolean
}

/** Records held while a journal is read: what is held for long costs the garbage collector more than it is worth. */
const whileReading = 100

/** Folds records as they come, so that every console ends with the same incident whatever order they arrived in. */
export function createFold(id: string, { window = 1000 }: { window?: number } = {}): Fold {
  /** Everything up to `horizon`, changed in place; what it shared with a snapshot is cloned first. */
  let base: Draft = draftOf(emptyIncident(id))
  let horizon: EventRecord | undefined
  /** The records after it, in their order. */
  let recent: EventRecord[] = []
  let now: Incident | undefined

  function snapshot(): Incident {
    const incident = finish(base)
    base = draftOf(incident)
    return foldAll(recent, id, incident)
  }

  /** Puts a record among the recent ones, whose order it does not follow. */
  function insert(record: EventRecord): void {
    const at = recent.findLastIndex((other) => byOrder(other, record) <= 0)
    if (at >= 0 && byOrder(recent[at]!, record) === 0) return
    recent.splice(at + 1, 0, record)
    now = undefined
  }

  /** Lets go of the older ones. What is shown is made anew from what stays, so that nothing is held twice. */
  function forget(keep: number): void {
    if (recent.length < 2 * keep) return
    const old = recent.slice(0, -keep)
    for (const record of old) apply(base, record)
    horizon = old.at(-1)
    recent = recent.slice(-keep)
    now = undefined
  }

  function push(record: EventRecord): void {
    recent.push(record)
    if (now) now = reduce(now, record)
  }

  return {
    incident: () => {
      now ??= snapshot()
      return now
    },
    next(record) {
      push(record)
      forget(Math.min(window, whileReading))
    },
    add(record) {
      if (horizon && byOrder(horizon, record) >= 0) return false
      const last = recent.at(-1)
      if (!last || byOrder(last, record) < 0) push(record)
      else insert(record)
      forget(window)
      return true
    },
  }
}
