// Reads an archive that anybody may have made: what is not a plain file or folder of one incident is refused, and
// nothing is believed of it beyond its bytes.
import { open } from 'node:fs/promises'
import { type ReadEntry, Unpack } from 'tar'
import { messageOf, SitrepError } from '../model/errors.ts'
import { isPassing } from './files.ts'
import { isIncidentId } from './ids.ts'

/** The most files that an archive may hold. */
const mostEntries = 100_000
/** The most bytes that an archive may unpack to: this many times its own size, and never less than `least`. */
const mostTimes = 100
const least = 64 << 20

/** True for one part of a path that is fit for an archive: control, format and private characters have no place in it. */
export function isPlainName(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && !/[\p{C}\\]/u.test(part)
}

/** Unpacks an archive into an empty folder, files 0600 and folders 0700; gives the id of the incident in it. What was unpacked of one that is refused is left to the caller to remove. */
export async function unpack(file: string, into: string): Promise<string> {
  await using source = await open(file, 'r').catch((error: unknown) => {
    throw new SitrepError('usage', `can't read ${file}: ${messageOf(error)}`, { cause: error })
  })
  const stats = await source.stat()
  if (!stats.isFile()) throw notAnArchive(file, 'it is not a file')
  const { size } = stats
  const judge = createJudge(Math.max(least, mostTimes * size))
  let broken: Error | undefined
  const unpacking = new Unpack({
    cwd: into,
    strict: true,
    brotli: false,
    zstd: false,
    preserveOwner: false,
    noMtime: true,
    dmode: 0o700,
    filter: (_, entry) => 'header' in entry && judge.takes(entry) && !isDropped(entry.path),
  })
  const ended = new Promise<void>((resolve) => {
    unpacking.on('close', resolve)
    unpacking.on('error', (error: Error) => {
      broken ??= error
      resolve()
    })
  })
  const drained = () => new Promise<void>((resolve) => void unpacking.once('drain', resolve))
  for await (const chunk of source.createReadStream() as AsyncIterable<Buffer>) {
    if (!unpacking.write(chunk) && !stopped()) await Promise.race([drained(), ended])
    if (stopped()) break
  }
  // Also where it is refused, so that what is open is closed.
  unpacking.end()
  await ended
  const refused = judge.refused()
  if (refused !== undefined) throw notAnArchive(file, refused)
  if (broken !== undefined) throw notAnArchive(file, messageOf(broken), broken)
  const id = judge.id()
  if (id === undefined) throw notAnArchive(file, 'it is empty')
  return id

  function stopped(): boolean {
    return broken !== undefined || judge.refused() !== undefined
  }
}

/** True for what says what a process was doing to the incident elsewhere: here it would be done in this user's name. */
function isDropped(path: string): boolean {
  return path.split('/').slice(1).some(isPassing)
}

function notAnArchive(file: string, why: string, cause?: unknown): SitrepError {
  return new SitrepError('usage', `${file} is not a whole archive of an incident: ${why}`, {
    next: 'nothing of it was kept',
    cause,
  })
}

/** Decides on the entries of an archive, one after the other; after the first that is refused, none is taken. */
function createJudge(limit: number) {
  let refused: string | undefined
  let id: string | undefined
  let entries = 0
  let bytes = 0

  function wrong(entry: ReadEntry): string | undefined {
    const name = JSON.stringify(entry.path)
    const [top = '', ...rest] = entry.path.replace(/\/$/, '').split('/')
    if (!isIncidentId(top)) return `${name} is no path in an incident`
    id ??= top
    if (top !== id) return `${name} does not belong to ${id}`
    if (!rest.every(isPlainName)) return `${name} is no path in an incident`
    if (entry.path.length > 1024) return `${name.slice(0, 80)}… is too long a path`
    if (entry.type === 'Directory') entry.mode = 0o700
    else if (entry.type === 'File' || entry.type === 'OldFile') entry.mode = 0o600
    else return `${name} is neither a file nor a folder (${entry.type})`
    if (rest.length === 0 && entry.type !== 'Directory') return `${name} is no folder`
    entries++
    bytes += Math.max(entry.size, entry.remain)
    if (entries > mostEntries) return `it holds more than ${mostEntries} files`
    if (bytes > limit) return `it unpacks to more than ${limit} bytes`
    return undefined
  }

  return {
    takes(entry: ReadEntry): boolean {
      refused ??= wrong(entry)
      return refused === undefined
    },
    refused: () => refused,
    id: () => id,
  }
}
