import { foldJournal } from '../journal/fold.ts'
import type { Journal } from '../journal/open.ts'
import { tailJournal } from '../journal/tail.ts'
import type { EventRecord } from '../model/event.ts'
import type { Incident } from '../model/incident.ts'

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

/**
 * Folds an incident and goes on following it. The records themselves are not kept, so what can't be taken back from the
 * state is made by folding the whole journal again: a record that belongs far before the others, an erased event (its
 * data has to leave the state too), a line that its writer took back.
 */
export async function followIncident(id: string, journal: Journal): Promise<LiveIncident> {
  let folded = await foldJournal(journal.dir, id)
  const listeners = new Set<(record: EventRecord, incident: Incident) => void>()
  let stale = false
  let stopped = false
  let refolding: Promise<void> | undefined
  /** What came while the journal is read again, and what the listeners are told once it is folded. */
  let since: EventRecord[] = []
  let untold: EventRecord[] = []

  function take(record: EventRecord): void {
    if (refolding) since.push(record)
    const held = add(record)
    if (held && record.type !== 'erased' && !stale) {
      tell(record)
      return
    }
    untold.push(record)
    foldAgain()
  }

  /** False where the record does not stand at its place now; nothing is missing meanwhile. */
  function add(record: EventRecord): boolean {
    if (record.seq <= (folded.offsets.get(record.writer)?.seq ?? 0)) return true
    if (folded.fold.add(record)) return true
    folded.fold.next(record)
    return false
  }

  function foldAgain(): void {
    stale = true
    refolding ??= refold().finally(() => {
      refolding = undefined
    })
  }

  async function refold(): Promise<void> {
    while (stale && !stopped) {
      stale = false
      since = []
      try {
        folded = await foldJournal(journal.dir, id)
        for (const record of since) if (!add(record)) stale = true
      } catch {
        // The journal can't be read now: what is known stays, and the next record tries again.
        stale = true
        break
      }
    }
    const told = untold
    untold = []
    for (const record of told) tell(record)
  }

  function tell(record: EventRecord): void {
    const incident = folded.fold.incident()
    for (const listener of listeners) listener(record, incident)
  }

  const tail = tailJournal(journal.dir, {
    skip: journal.writer,
    from: folded.offsets,
    onRecords: (records) => {
      for (const record of records) {
        journal.observe(record)
        take(record)
      }
    },
    onRewritten: foldAgain,
  })
  return {
    read: () => folded.fold.incident(),
    get declared() {
      return folded.declared
    },
    take,
    onRecord: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: async () => {
      await tail.stop()
      stopped = true
      await refolding
    },
  }
}
