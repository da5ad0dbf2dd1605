import { loadIncident, stateRoot } from '../journal/incidents.ts'
import type { Journal } from '../journal/open.ts'
import { tailJournal } from '../journal/tail.ts'
import type { EventRecord } from '../model/event.ts'
import type { Incident } from '../model/incident.ts'
import { createFold } from '../model/reduce.ts'

/** The fold of an incident as of now: what was recorded before, what this process records, and what others do meanwhile. */
export interface LiveIncident {
  read(): Incident
  /** The record that declared it. */
  declared: EventRecord | undefined
  /** Takes in a record of our own. */
  take(record: EventRecord): void
  /** Calls back after each record, ours or another console's. */
  onRecord(listener: (record: EventRecord, incident: Incident) => void): () => void
  stop(): Promise<void>
}

/** Loads an incident and goes on following it. */
export async function followIncident(id: string, journal: Journal): Promise<LiveIncident> {
  const loaded = await loadIncident(stateRoot(), id)
  const fold = createFold(id, loaded.records)
  const listeners = new Set<(record: EventRecord, incident: Incident) => void>()
  const take = (record: EventRecord) => {
    const incident = fold.add(record)
    for (const listener of listeners) listener(record, incident)
  }
  const tail = tailJournal(journal.dir, {
    skip: journal.writer,
    from: loaded.offsets,
    onRecords: (records) => {
      for (const record of records) {
        journal.observe(record)
        take(record)
      }
    },
  })
  return {
    read: () => fold.incident(),
    declared: loaded.records.find(({ type }) => type === 'incident.declared'),
    take,
    onRecord: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: () => tail.stop(),
  }
}
