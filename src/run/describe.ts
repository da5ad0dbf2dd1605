import type { Change } from '../model/action.ts'
import type { Command } from '../model/command.ts'
import { showText } from '../model/secret.ts'

/** A change as a person would type it, for the approval, the journal and the postmortem; undefined for a question. */
export function describeChange(change: Change): string | undefined {
  if ('run' in change)
    return describeCommand({ ...(change.as === undefined ? {} : { as: change.as }), ...change.run })
  if ('local' in change) return `(on this machine) ${describeCommand(change.local)}`
  if ('put' in change) {
    const { content, path, backup } = change.put
    const from =
      'copy' in content
        ? content.copy
        : 'edits' in content
          ? `keys ${content.edits.map((e) => e.key).join(', ')}`
          : 'new text'
    const keep = backup === undefined ? '' : `, former file kept as ${backup}`
    return `${change.as === undefined ? '' : `as ${change.as}: `}replace ${path} with ${from}${keep}`
  }
  if ('remove' in change) return `rm -- ${word(change.remove.path)}`
  if ('link' in change) return `ln -sfn -- ${word(change.link.target)} ${word(change.link.path)}`
  if ('request' in change) return `curl -X ${change.request.method} ${word(change.request.url)}`
  return undefined
}

/** A command as a person would type it, with secrets as their marks. */
export function describeCommand(command: Command): string {
  const env = Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${word(value)}`)
  const secret = Object.entries(command.secrets ?? {}).map(([name, ref]) => `${name}=${showText([ref])}`)
  const sudo = command.as === undefined ? [] : ['sudo', '-u', word(command.as), '--']
  const line = [...env, ...secret, ...sudo, ...command.argv.map(word)].join(' ')
  return command.cwd === undefined ? line : `cd ${word(command.cwd)} && ${line}`
}

function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
