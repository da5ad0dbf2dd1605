// Erasing drops the salt and the data of one event, and files beside the journal. The chain covers neither, so it goes
// on proving the rest. In this order, so that nothing is lost or half done whenever the process ends:
//
//   1. a redo file says what will be done (synced)
//   2. an `erased` event says what is dropped and why (a record of its own, acknowledged)
//   3. the record's line is written over in place, filled up with blanks to the same length, and synced: the file is
//      never replaced, since its writer may have it open, and nobody's byte offsets move
//   4. the files are removed
//   5. the redo file is removed
import { type FileHandle, realpath, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SitrepError } from '../model/errors.ts'
import type { Append } from '../model/event.ts'
import { decodeLine } from './decode.ts'
import type { ErasableLine, Erasure } from './erase/find.ts'
import { openAtLine } from './erase/place.ts'
import { type Begun, type Redo, readRedos, removeRedo, tellBegun, writeRedo } from './erase/redo.ts'
import { journalFiles, syncDir } from './files.ts'
import { eachLine } from './lines.ts'
import { erasureOf } from './named.ts'

export { type Erasure, findErasure } from './erase/find.ts'

/** Carries out an erasure; `reason` has gone through the one pipe, and stays in the record. */
export async function erase(dir: string, what: Erasure, reason: string, append: Append): Promise<void> {
  const redo = { reason, files: what.files, ...(what.event ? { line: what.event.line } : {}) }
  await carryOut(dir, redo, await writeRedo(dir, redo), append)
}

/** Finishes the erasures that a process began and did not end, but those that are under way; `append` is called only where the event is missing. */
export async function finishErasures(dir: string, append: Append): Promise<Begun[]> {
  const finished: Begun[] = []
  for (const { path, redo } of await readRedos(dir)) {
    const told = tellBegun(redo)
    if (told.under_way === undefined) await carryOut(dir, redo, path, append)
    finished.push(told)
  }
  return finished
}

type What = Pick<Redo, 'line' | 'files' | 'reason'>

function eventOf({ line, files, reason }: What): { event?: string; files?: string[]; reason: string } {
  return { ...(line ? { event: line.id } : {}), ...(files.length > 0 ? { files } : {}), reason }
}

/** True where an event says already that this is erased. */
async function isRecorded(dir: string, { line, files }: What): Promise<boolean> {
  let recorded = false
  for (const { path } of await journalFiles(dir)) {
    await eachLine(path, (bytes) => {
      if (!bytes.includes('"type":"erased"')) return true
      const decoded = decodeLine(bytes.toString('utf8'))
      const said = 'record' in decoded ? erasureOf(decoded.record) : undefined
      recorded =
        said !== undefined && said.event === line?.id && files.every((file) => said.files.includes(file))
      return !recorded
    })
    if (recorded) return true
  }
  return false
}

/** All that comes after the redo file; doing any of it again changes nothing. */
async function carryOut(dir: string, redo: What, path: string, append: Append): Promise<void> {
  const recorded = await isRecorded(dir, redo)
  const file = redo.line && (await openAtLine(dir, redo.line, { recorded, files: redo.files }))
  try {
    if (!recorded) await append('erased', eventOf(redo))
    if (file && redo.line) await overwrite(file, redo.line)
  } finally {
    await file?.close()
  }
  for (const name of redo.files) await removeFile(dir, name)
  await removeRedo(dir, path)
}

async function removeFile(dir: string, file: string): Promise<void> {
  const folder = dirname(join(dir, file))
  const real = await realpath(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (real === undefined) return
  if (real !== join(await realpath(dir), dirname(file))) {
    throw new SitrepError('failed', `${file} is not removed: its folder is a link`, { where: folder })
  }
  await rm(join(folder, file.slice(file.lastIndexOf('/') + 1)), { force: true })
  await syncDir(folder)
}

async function overwrite(file: FileHandle, line: ErasableLine): Promise<void> {
  const filled = Buffer.alloc(line.bytes, ' ')
  filled.write(line.text)
  for (let done = 0; done < filled.length; ) {
    done += (await file.write(filled, done, filled.length - done, line.start + done)).bytesWritten
  }
  await file.datasync()
}
