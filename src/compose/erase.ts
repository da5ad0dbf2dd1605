import type { Begun } from '../journal/erase/redo.ts'
import { type Erasure, erase, findErasure, finishErasures } from '../journal/erase.ts'
import { findIncident, incidentDir, stateRoot } from '../journal/incidents.ts'
import { type Journal, openJournal } from '../journal/open.ts'
import type { Append } from '../model/event.ts'
import { sinks } from './incident.ts'
import { operatorName } from './operator.ts'

/** An erasure that was found and waits for a person's word. */
export interface FoundErasure extends Erasure {
  id: string
  dir: string
}

/** Finds what is to be erased in an incident; what an earlier erasure left unfinished is finished first. */
export async function findToErase(prefix: string, what: string): Promise<FoundErasure> {
  const root = stateRoot()
  const id = await findIncident(root, prefix)
  const dir = incidentDir(root, id)
  await finishErasing(dir)
  return { id, dir, ...(await findErasure(dir, what)) }
}

/** Erases it; the reason is recorded, through the one pipe. */
export async function eraseFound(found: FoundErasure, reason: string): Promise<void> {
  const { pipe } = sinks()
  await withJournal(found.dir, pipe.deep, (append) => erase(found.dir, found, pipe.text(reason), append))
}

/** Finishes what a process that ended in the middle of an erasure left; nothing is opened where there is nothing. */
export async function finishErasing(dir: string): Promise<Begun[]> {
  return withJournal(dir, sinks().pipe.deep, (append) => finishErasures(dir, append))
}

/** Gives a way to append that opens a journal only when it is used. */
async function withJournal<T>(
  dir: string,
  clean: (value: unknown) => unknown,
  use: (append: Append) => Promise<T>,
): Promise<T> {
  let journal: Journal | undefined
  try {
    return await use(async (type, data) => {
      journal ??= await openJournal({ dir, by: operatorName(), clean })
      return journal.append(type, data)
    })
  } finally {
    await journal?.close()
  }
}
