import type { EventData, EventRecord, EventType } from '../../src/model/event.ts'
import { story004, storyStart } from '../journal/story.ts'

let last = 0

/** A record as a reader gets it; the chain plays no part in the fold. */
export function record<T extends EventType>(
  type: T,
  data: EventData<T>,
  o: { at?: number; id?: string; writer?: string } = {},
): EventRecord {
  const at = o.at ?? ++last
  return {
    v: 1,
    id: o.id ?? `e${at}`,
    at: new Date(at).toISOString(),
    hlc: `${String(at).padStart(16, '0')}-0000`,
    by: 'ana@laptop',
    writer: o.writer ?? 'w',
    seq: at,
    type,
    data,
    salt: '',
    dataHash: '',
    prev: '',
    hash: '',
  }
}

/** The story of report 004 as records, one writer's. */
export function story(): EventRecord[] {
  const told = story004()
  return told.map(([seconds, type, data], index) => {
    const started = (data as { started?: string }).started
    const filled = started ? { ...data, started: started.replace('EVENT ', 'id') } : data
    return record(type, filled as never, { at: storyStart + seconds * 1000, id: `id${index}` })
  })
}
