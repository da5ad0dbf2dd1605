import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { messageOf, SitrepError } from '../model/errors.ts'

/** The text of a file, or of stdin for `-`. */
export async function readText(file: string): Promise<string> {
  if (file === '-') {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk)
    return Buffer.concat(chunks).toString('utf8')
  }
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new SitrepError('usage', `can't read ${file}: ${messageOf(error)}`, { cause: error })
  }
}

/** Refuses a file to write whose folder is not there: a mistyped path must not grow folders. */
export async function requireFolder(file: string): Promise<void> {
  const folder = dirname(resolve(file))
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() === true) return
  throw new SitrepError('usage', `there is no folder ${folder}`, {
    next: 'make it first, or give another path',
  })
}
