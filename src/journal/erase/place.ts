// Where an erasure writes. What is written over a line is what the line itself says that it becomes, or, where it was
// written over in part, what fits the chain on both sides: a redo file alone decides nothing.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { SitrepError } from '../../model/errors.ts'
import type { EventRecord } from '../../model/event.ts'
import { decodeLine } from '../decode.ts'
import { journalDir } from '../files.ts'
import { firstPrev, recordHashOf } from '../hash.ts'
import { eachLine, readAt } from '../lines.ts'
import { filesOf } from '../named.ts'
import type { ErasableLine } from './find.ts'

/** What else is known of the erasure: whether an event says it already, and the files that go with it. */
interface Known {
  recorded: boolean
  files: readonly string[]
}

/** Opens a journal file to write over a line of it; throws where the line, or what it is to become, is not what it should be. */
export async function openAtLine(dir: string, line: ErasableLine, known: Known): Promise<FileHandle> {
  const path = join(journalDir(dir), `${line.writer}.jsonl`)
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW)
  try {
    const own = await lineAt(file, line)
    if (own !== undefined && (becomes(own, line, known) || (await fitsChain(path, line, known)))) return file
  } catch (error) {
    await file.close()
    throw error
  }
  await file.close()
  throw new SitrepError('failed', `the event ${line.id} does not stand any more where it was found`, {
    where: path,
    next: '`sitrep verify` says what was changed',
  })
}

/** The line at its place, written over or not or in part; undefined where another one or none stands there. */
async function lineAt(
  file: FileHandle,
  { id, start, bytes, text }: ErasableLine,
): Promise<Buffer | undefined> {
  if (Buffer.byteLength(text) > bytes) return undefined
  const before = Math.min(start, 1)
  const found = await readAt(file, start - before, before + bytes + 1)
  const own = found.subarray(before, before + bytes)
  const head = Buffer.from(text.slice(0, text.indexOf(id) + id.length + 1))
  const stands =
    found.length === before + bytes + 1 &&
    found.at(-1) === 0x0a &&
    (before === 0 || found[0] === 0x0a) &&
    !own.includes(0x0a) &&
    own.subarray(0, head.length).equals(head)
  return stands ? own : undefined
}

/** True where the line's own record without its data is the text. An event that is gone, or names other files, without an event that says so was not erased by us. */
function becomes(own: Buffer, { id, text }: ErasableLine, { recorded, files }: Known): boolean {
  const decoded = decodeLine(own.toString('utf8'))
  if (!('record' in decoded)) return false
  const { record } = decoded
  const { data, salt: _salt, ...rest } = record
  if (record.id !== id || record.type === 'erased' || JSON.stringify(rest) !== text) return false
  const named = filesOf(record).map(({ file }) => file)
  return recorded || (data !== undefined && files.every((file) => named.includes(file)))
}

/** True where the text is a record that was erased, whole in itself and in its place between the lines before and after it. */
async function fitsChain(path: string, line: ErasableLine, { recorded }: Known): Promise<boolean> {
  const decoded = decodeLine(line.text)
  if (!recorded || !('record' in decoded)) return false
  const { record } = decoded
  const isOwn = record.id === line.id && record.writer === line.writer && record.type !== 'erased'
  const isBare = record.data === undefined && record.salt === undefined
  if (!isOwn || !isBare || JSON.stringify(record) !== line.text || recordHashOf(record) !== record.hash)
    return false
  const { before, after } = await neighbours(path, line)
  return record.prev === (before?.hash ?? firstPrev) && (after === undefined || after.prev === record.hash)
}

async function neighbours(path: string, { start, bytes }: ErasableLine) {
  let last: Buffer | undefined
  await eachLine(path, (line, at) => {
    if (at >= start) return false
    last = Buffer.from(line)
    return true
  })
  let next: Buffer | undefined
  const from = start + bytes + 1
  await eachLine(
    path,
    (line) => {
      next = Buffer.from(line)
      return false
    },
    { from },
  )
  return { before: recordOf(last), after: recordOf(next) }
}

function recordOf(line: Buffer | undefined): EventRecord | undefined {
  const decoded = line && decodeLine(line.toString('utf8'))
  return decoded && 'record' in decoded ? decoded.record : undefined
}
