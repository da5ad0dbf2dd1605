import { readFile } from 'node:fs/promises'
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
