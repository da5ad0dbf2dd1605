import { createHash } from 'node:crypto'
import type { FileChange } from '../../model/action.ts'
import type { Payload } from '../../model/command.ts'
import { editDotenv } from '../../model/dotenv.ts'
import { revealText } from '../../model/secret.ts'
import type { CarryDeps } from '../context.ts'

/** New content ready for the script: on its stdin with the sha256 in a line before it, or a file on the host to copy. */
export type ReadyContent = { stdin: Payload } | { copy: string; sha256: string }

/** Gets a change's new content: fills in secrets, edits the file as it is now, reads a file of the operator's machine. */
export async function readyContent(
  { path, content, expect }: FileChange,
  as: string | undefined,
  deps: Pick<CarryDeps, 'session' | 'local' | 'secrets' | 'seen'>,
): Promise<ReadyContent> {
  if ('copy' in content) return content
  if ('text' in content) {
    const sha256 = shaOf(revealText(content.text, deps.secrets))
    const parts = typeof content.text === 'string' ? [content.text] : content.text
    return { stdin: [`${sha256}\n`, ...parts] }
  }
  if ('base64' in content) return onStdin(Buffer.from(content.base64, 'base64'))
  if ('local' in content) {
    const bytes = await deps.local.read(content.local)
    const found = shaOf(bytes)
    if (found !== content.sha256)
      throw new Error(
        `${content.local} was changed meanwhile: expected sha256 ${content.sha256}, found ${found}; nothing was touched`,
      )
    return onStdin(bytes)
  }
  const before = expect === 'absent' ? new Uint8Array() : await readNow()
  const edits = content.edits.map(({ key, value }) => ({
    key,
    value: value === null || typeof value === 'string' ? value : deps.secrets.value(value),
  }))
  return onStdin(Buffer.from(editDotenv(decode(before), edits).text))

  async function readNow(): Promise<Uint8Array> {
    // What the inspection read is what the plan was made of; that it is still so the script on the host looks itself.
    const seen = deps.seen?.get(path)
    if (seen !== undefined && shaOf(seen) === expect) return seen
    const bytes = await deps.session.read(path, as === undefined ? {} : { as })
    const found = shaOf(bytes)
    if (found === expect) return bytes
    throw new Error(
      `${path} was changed meanwhile: expected sha256 ${expect}, found ${found}; nothing was touched`,
    )
  }

  function decode(bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch (cause) {
      throw new Error(`${path} is not UTF-8 text; nothing was touched`, { cause })
    }
  }
}

function onStdin(bytes: Uint8Array): { stdin: Payload } {
  return { stdin: { base64: Buffer.concat([Buffer.from(`${shaOf(bytes)}\n`), bytes]).toString('base64') } }
}

/** sha256 of bytes or UTF-8 text, lower-case hex. */
export function shaOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
