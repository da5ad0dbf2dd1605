import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Journal, type JournalOptions, openJournal } from '../../src/journal/open.ts'
import type { Append, EventRecord } from '../../src/model/event.ts'
import { story004, storyStart } from './story.ts'

/** A folder of its own for a test, removed at its end. */
export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sitrep-test-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** A journal for a test; what is recorded is as it is. */
export async function testJournal(dir: string, o: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await openJournal({ dir, by: 'ana@laptop', clean: (value) => value, ...o })
  onTestFinished(() => journal.close().catch(() => undefined))
  return journal
}

/** Records the story of report 004 in real files, its own clock told. */
export async function recordStory(
  dir: string,
  clean: JournalOptions['clean'] = (value) => value,
): Promise<EventRecord[]> {
  let at = storyStart
  const journal = await openJournal({ dir, by: 'ana@laptop', clean, now: () => at })
  const append = journal.append as Append
  const records: EventRecord[] = []
  for (const [seconds, type, data] of story004()) {
    at = storyStart + seconds * 1000
    const started = (data as { started?: string }).started
    const filled = started ? { ...data, started: records[Number(started.slice(6))]!.id } : data
    records.push(await append(type, filled as never))
  }
  await journal.close()
  return records
}
