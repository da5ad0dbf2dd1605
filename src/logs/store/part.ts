import { type FileHandle, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isCode, privateFolder } from './files.ts'
import { logsFolder, partBase, type SourceName, sourceFolder } from './names.ts'

/** A part that is being written. */
export interface OpenPart {
  /** Its whole path. */
  path: string
  /** Bytes of whole lines that stand in it. */
  bytes(): number
  /** Writes whole lines, all or none; rejects with the system's error. */
  append(lines: string): Promise<void>
  /** Closes the file; an empty one is removed. Rejects for nothing. */
  close(): Promise<void>
}

/** The part can't be gone on with: what stands at its end is unknown, or its file is gone. */
export class PartLost extends Error {}

/** Begins a new part of a log, 0600; its folders are made where they are missing, but never the incident's own. */
export async function openPart(
  dir: string,
  source: SourceName,
  from: string,
  writer: string,
): Promise<OpenPart> {
  const folder = join(dir, sourceFolder(source))
  await privateFolder(dir, logsFolder)
  await privateFolder(dirname(folder), folder.slice(dirname(folder).length + 1))
  for (let nth = 1; ; nth++) {
    const path = join(folder, partBase(from, writer, nth))
    try {
      return partOf(path, await open(path, 'ax', 0o600))
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
    }
  }
}

function partOf(path: string, file: FileHandle): OpenPart {
  let length = 0

  async function append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines)
    try {
      for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
    } catch (error) {
      // Half a batch would end in half a line.
      await file.truncate(length).catch(() => {
        throw new PartLost((error as Error).message, { cause: error })
      })
      throw error
    }
    length += bytes.length
    // Writes to a file that was removed succeed, and are lost.
    if ((await file.stat()).nlink === 0) throw new PartLost('the file was removed')
  }

  return {
    path,
    bytes: () => length,
    append,
    async close() {
      await file.close().catch(() => undefined)
      if (length === 0) await rm(path, { force: true }).catch(() => undefined)
    },
  }
}
