import type { Change, FileChange, PlannedChange } from '../../model/action.ts'
import type { Command } from '../../model/command.ts'
import type { Host } from '../../model/host.ts'
import { isSecretValue } from '../../model/schema.ts'
import { shaOf } from '../carry/content.ts'
import { linkScript, putScript, removeScript } from '../carry/scripts.ts'
import { programText } from './program.ts'
import { base64, word, words } from './quote.ts'

/** Seconds that one command of a revert may take where it says nothing itself. */
const patience = 60

/** Why a revert can't do a part of its work without the console. */
class Impossible extends Error {}

/**
 * Why the changes of a step can't be taken back by the host alone; undefined where they can. `as` is the user that the
 * step runs as.
 */
export function whyNotArmed(
  undos: readonly PlannedChange['undo'][],
  as: string | undefined,
): string | undefined {
  try {
    for (const undo of undos) for (const change of changesOf(undo)) lineOf(change, as, 'x')
    return undefined
  } catch (error) {
    if (error instanceof Impossible) return error.message
    throw error
  }
}

/**
 * The program that takes changes back, given what undoes each of them, in the order of the changes. Throws where
 * `whyNotArmed` gives a reason.
 */
export function revertText(o: {
  undos: readonly PlannedChange['undo'][]
  as: string | undefined
  host: Pick<Host, 'path' | 'env'>
}): string {
  const back: string[] = []
  const again: string[] = []
  const looked = new Set<string>()
  const pairs = o.undos.map((undo, index) => ({ changes: changesOf(undo), index }))
  for (const { changes, index } of pairs.toReversed()) {
    if (changes.length === 0) continue
    const lines = changes.map((change, at) => lineOf(change, o.as, `${index}-${at}`))
    back.push(`if begun ${index}; then`, 'FILES=0 TOUCHED=')
    back.push(...changes.flatMap(touchedLine), ...lines, 'fi')
  }
  // Where a file was changed twice, what it was before the first of them counts.
  for (const { changes, index } of pairs)
    for (const file of changes.flatMap(formerOf)) {
      if (looked.has(file.path)) continue
      looked.add(file.path)
      again.push(`if begun ${index}; then as_before ${words([file.path, file.former])}; fi`)
    }
  const env = Object.entries(o.host.env).map(([name, value]) => `export ${name}=${word(value)}`)
  const path =
    o.host.path.length === 0 ? [] : [`PATH=${o.host.path.map(word).join(':')}:"$PATH"; export PATH`]
  return programText({
    scripts: { put: putScript, remove: removeScript, link: linkScript },
    takeBack: [...path, ...env, ...back].join('\n'),
    lookAgain: again.join('\n'),
  })
}

function changesOf(undo: PlannedChange['undo']): readonly Change[] {
  if ('impossible' in undo) throw new Impossible(undo.impossible)
  return undo
}

/** The files that a change of an undo puts back, with their former sha256 (or `absent`). */
function formerOf(change: Change): { path: string; former: string; backup: string }[] {
  if ('remove' in change) return [{ path: change.remove.path, former: 'absent', backup: '' }]
  if (!('put' in change)) return []
  const { path, content } = change.put
  const former = 'copy' in content ? content.sha256 : shaOf(bytesOf(content))
  return [{ path, former, backup: 'copy' in content ? content.copy : '' }]
}

function touchedLine(change: Change): string[] {
  return formerOf(change).map(({ path, former, backup }) => `touched ${words([path, former, backup])}`)
}

/** One change of an undo as shell text; `name` is for the file of what goes to a stdin. */
function lineOf(change: Change, as: string | undefined, name: string): string {
  const user = 'run' in change ? (change.run.as ?? change.as) : change.as
  if (user !== undefined && user !== as)
    throw new Impossible(`${change.say}: it runs as ${user}, and the revert as ${as ?? 'the login user'}`)
  if ('put' in change) return putLine(change.put, name)
  if ('remove' in change) return `remove_again ${words([change.remove.path, change.remove.expect])}`
  if ('link' in change) {
    const { path, target, expect } = change.link
    return `link_back ${words([path, target, expect === 'absent' ? '' : expect])}`
  }
  if ('run' in change) return runLine(change.run, change.say, name)
  if ('local' in change) throw new Impossible(`${change.say}: it runs on the operator's machine`)
  if ('request' in change) throw new Impossible(`${change.say}: a request can not be made by the host alone`)
  throw new Impossible(`${change.say}: it asks a person`)
}

function putLine(put: FileChange, name: string): string {
  const { path, expect, content, mode = '', owner = '', group = '' } = put
  const back = (copy: string, sha256: string) =>
    `put_back ${word(path)} ${word(expect)} ${copy} ${words([sha256, mode, owner, group])}`
  if ('copy' in content) return back(word(content.copy), content.sha256)
  const bytes = bytesOf(content)
  return `lay_in ${name} ${word(base64(bytes))}\n${back(`"$D/in-${name}"`, shaOf(bytes))}`
}

function bytesOf(content: FileChange['content']): Uint8Array {
  if ('base64' in content) return Buffer.from(content.base64, 'base64')
  if ('text' in content) {
    if (typeof content.text === 'string') return Buffer.from(content.text)
    if (content.text.every((part) => typeof part === 'string')) return Buffer.from(content.text.join(''))
    throw new Impossible('the former content holds a secret, and a secret is never left on a host')
  }
  throw new Impossible('the former content is not on the host')
}

function runLine(command: Command, say: string, name: string): string {
  if (Object.keys(command.secrets ?? {}).length > 0)
    throw new Impossible(`${say}: it needs a secret, and a secret is never left on a host`)
  const env = Object.entries(command.env ?? {}).map(([key, value]) => `${key}=${value}`)
  const argv = env.length === 0 ? command.argv : ['env', ...env, ...command.argv]
  const seconds = String(command.timeoutMs === undefined ? patience : Math.ceil(command.timeoutMs / 1000))
  const { stdin } = command
  if (isSecretValue(stdin))
    throw new Impossible(`${say}: it needs a secret, and a secret is never left on a host`)
  const input = stdin === undefined ? [] : [`lay_in ${name} ${inputOf(stdin)}`]
  const file = stdin === undefined ? '/dev/null' : `"$D/in-${name}"`
  const line = `run_back ${word(say)} ${seconds} ${file} ${word(command.cwd ?? '')} ${words(argv)}`
  return [...input, line].join('\n')
}

function inputOf(stdin: NonNullable<Command['stdin']>): string {
  if (typeof stdin === 'object' && 'base64' in stdin) return word(stdin.base64)
  return word(base64(typeof stdin === 'string' ? stdin : stdin.join('')))
}
