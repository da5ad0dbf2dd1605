// Erasing drops the salt and the data of one event, and files beside the journal. The chain covers neither, so it goes
// on proving the rest. In this order, so that nothing is lost or half done whenever the process ends:
//
//   1. a redo file says what will be done (synced)
//   2. an `erased` event says what is dropped and why (a record of its own, acknowledged)
//   3. the record's line is written over in place, filled up with blanks to the same length, and synced: the file is
//      never replaced, since its writer may have it open, and nobody's byte offsets move
//   4. the files are removed
//   5. the redo file is removed
import { constants } from 'node:fs'
import { type FileHandle, open, realpath, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { SitrepError } from '../model/errors.ts'
import type { Append } from '../model/event.ts'
import { decodeLine } from './decode.ts'
import { type Erasure, isAlive } from './erase/find.ts'
import { type Redo, readRedos, removeRedo, writeRedo } from './erase/redo.ts'
import { journalDir, journalFiles, syncDir } from './files.ts'
import { eachLine, readAt } from './lines.ts'
import { erasureOf } from './named.ts'

export { type Erasure, findErasure } from './erase/find.ts'

/** Carries out an erasure; `reason` has gone through the one pipe, and stays in the record. */
export async function erase(dir: string, what: Erasure, reason: string, append: Append): Promise<void> {
  const redo = { reason, files: what.files, ...(what.event ? { line: what.event.line } : {}) }
  await carryOut(dir, redo, await writeRedo(dir, redo), append)
}

/** An erasure that somebody began and that was looked at. */
export interface Finished {
  event?: string
  files: string[]
  reason: string
  /** The process that is still at it, so that nothing was done here. */
  under_way?: number
}

/** Finishes the erasures that a process began and did not end; `append` is called only where the event is missing. */
export async function finishErasures(dir: string, append: Append): Promise<Finished[]> {
  const finished: Finished[] = []
  for (const { path, redo } of await readRedos(dir)) {
    const { line, files, reason } = redo
    const told = { ...(line ? { event: line.id } : {}), files, reason }
    if (redo.host === hostname() && redo.pid !== process.pid && isAlive(redo.pid)) {
      finished.push({ ...told, under_way: redo.pid })
      continue
    }
    await carryOut(dir, redo, path, append)
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
  const file = redo.line && (await openAtLine(dir, redo.line))
  try {
    if (!(await isRecorded(dir, redo))) await append('erased', eventOf(redo))
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

type Line = NonNullable<What['line']>

/** Opens a journal file to write over a line of it; throws where the line does not stand there. */
async function openAtLine(dir: string, line: Line): Promise<FileHandle> {
  const path = join(journalDir(dir), `${line.writer}.jsonl`)
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW)
  if (Buffer.byteLength(line.text) <= line.bytes && (await isItsLine(file, line))) return file
  await file.close()
  throw new SitrepError('failed', `the event ${line.id} does not stand any more where it was found`, {
    where: path,
    next: '`sitrep verify` says what was changed',
  })
}

async function overwrite(file: FileHandle, line: Line): Promise<void> {
  const filled = Buffer.alloc(line.bytes, ' ')
  filled.write(line.text)
  for (let done = 0; done < filled.length; ) {
    done += (await file.write(filled, done, filled.length - done, line.start + done)).bytesWritten
  }
  await file.datasync()
}

/** True where this line, written over or not or in part, stands at its place: what comes before the data is the same. */
async function isItsLine(file: FileHandle, { id, start, bytes, text }: Line): Promise<boolean> {
  const before = Math.min(start, 1)
  const found = await readAt(file, start - before, before + bytes + 1)
  const own = found.subarray(before, before + bytes)
  const head = Buffer.from(text.slice(0, text.indexOf(id) + id.length + 1))
  return (
    found.length === before + bytes + 1 &&
    found.at(-1) === 0x0a &&
    (before === 0 || found[0] === 0x0a) &&
    !own.includes(0x0a) &&
    own.subarray(0, head.length).equals(head)
  )
}
