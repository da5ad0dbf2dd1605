import { createHash } from 'node:crypto'
import { basename, isAbsolute, resolve } from 'node:path'
import * as z from 'zod'
import type { Around, FileContent } from '../../model/action.ts'
import type { Reader, Sha256 } from '../../model/command.ts'
import { messageOf } from '../../model/errors.ts'
import { zPath, zText } from '../../model/schema.ts'
import { revealText } from '../../model/secret.ts'
import type { Look } from './files.ts'

const zLocal = z
  .string()
  .min(1)
  .regex(/^[^\u0000\r\n]+$/)
  .describe("a path on the operator's machine, relative to the runbook's folder")

/** Where a file's new content comes from: a path on the host, a file of the operator's machine, or the text itself. */
export const zSource = z.union([zPath, z.strictObject({ local: zLocal }), z.strictObject({ text: zText })])
export type Source = z.output<typeof zSource>

/** The new content as it was found; `content` is what a put needs to get it again, and its sha256 is checked then. */
export type SourceFacts =
  | { is: 'ready'; label: string; sha256: Sha256; size: number; content: FileContent }
  | { is: 'missing'; label: string; reason: string }

/** The source's name for people. */
export function sourceLabel(source: Source): string {
  if (typeof source === 'string') return source
  return 'local' in source ? `${basename(source.local)} of this machine` : 'the given text'
}

/** A source that is a path on the host, from the look that was taken at it. */
export function hostSource(path: string, look: Look): SourceFacts {
  const { facts } = look
  if (facts.is === 'file')
    return {
      is: 'ready',
      label: path,
      sha256: facts.sha256,
      size: facts.size,
      content: { copy: facts.real, sha256: facts.sha256 },
    }
  if (facts.is === 'absent') return { is: 'missing', label: path, reason: `${path} does not exist` }
  if (facts.is === 'other') return { is: 'missing', label: path, reason: `${path} is a ${facts.kind}` }
  return { is: 'missing', label: path, reason: notReadable(path, facts) }
}

/** Why a path could not be read, with what to do about it. */
export function notReadable(path: string, { by, reason }: { by: string; reason: string }): string {
  const next = by === 'root' ? '' : '; say `as: root` on the step'
  return `${by} can't read ${path}: ${reason}${next}`
}

/** A source on the operator's machine or in the runbook: its facts and its bytes, which stay out of the facts. */
export async function givenSource(
  source: Exclude<Source, string>,
  around: Pick<Around, 'local' | 'dir' | 'secrets'> & { local: Reader },
): Promise<{ facts: SourceFacts; bytes?: Uint8Array }> {
  const label = sourceLabel(source)
  if ('local' in source) {
    const path = isAbsolute(source.local) ? source.local : resolve(around.dir, source.local)
    try {
      const bytes = await around.local.read(path)
      const sha256 = shaOf(bytes)
      const content = { local: path, sha256 }
      return { facts: { is: 'ready', label, sha256, size: bytes.length, content }, bytes }
    } catch (error) {
      const reason = `can't read ${source.local} on this machine: ${messageOf(error)}`
      return { facts: { is: 'missing', label, reason } }
    }
  }
  const unknown =
    typeof source.text === 'string' ? [] : source.text.filter((part) => typeof part !== 'string')
  const missing = unknown.find((ref) => !around.secrets.has(ref.secret))
  if (missing !== undefined)
    return {
      facts: { is: 'missing', label, reason: `the secret ${missing.secret} is not there to compare with` },
    }
  const bytes = Buffer.from(revealText(source.text, around.secrets))
  const content = { text: source.text }
  return { facts: { is: 'ready', label, sha256: shaOf(bytes), size: bytes.length, content }, bytes }
}

function shaOf(bytes: Uint8Array): Sha256 {
  return createHash('sha256').update(bytes).digest('hex')
}
