import type { Change } from './action.ts'
import type { Command } from './command.ts'

/** A change as a person would type it, for the approval, the journal and the postmortem; undefined for a question. */
export function describeChange(change: Change): string | undefined {
  const as = change.as === undefined ? {} : { as: change.as }
  const by = change.as === undefined ? '' : `as ${change.as}: `
  if ('run' in change) return describeCommand({ ...as, ...change.run })
  if ('local' in change) return `(on this machine) ${describeCommand(change.local)}`
  if ('put' in change) {
    const { content, path, backup } = change.put
    const keep = backup === undefined ? '' : `, former file kept as ${backup}`
    const verb = change.put.expect === 'absent' ? 'write' : 'replace'
    const only =
      change.put.validate === undefined
        ? ''
        : `, only if this passes: ${describeCommand(change.put.validate)}`
    return `${by}${verb} ${path} with ${origin(content)}${keep}${only}`
  }
  if ('remove' in change) return `${by}rm -- ${word(change.remove.path)}`
  if ('link' in change) return `${by}ln -sfn -- ${word(change.link.target)} ${word(change.link.path)}`
  if ('request' in change) return `${by}curl -X ${change.request.method} ${word(change.request.url)}`
  return undefined
}

/**
 * A command as a person would type it: folder, user, environment, words; secrets as `‹secret:NAME›`. For reading only:
 * nothing is run from it. A command that is a script of ours says itself what it does (`shown`).
 */
export function describeCommand(command: Command): string {
  const env = [
    ...Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${word(value)}`),
    // What a script of ours shows names its secrets where a person would put them.
    ...(command.shown !== undefined
      ? []
      : Object.entries(command.secrets ?? {}).map(([name, ref]) => `${name}=‹secret:${ref.secret}›`)),
  ]
  const sudo =
    command.as === undefined ? [] : ['sudo', '-u', word(command.as), ...(env.length > 0 ? ['env'] : [])]
  const words = command.shown === undefined ? command.argv.map(word) : [command.shown]
  const folder = command.cwd === undefined ? [] : ['cd', word(command.cwd), '&&']
  return [...folder, ...sudo, ...env, ...words].join(' ')
}

function origin(content: Extract<Change, { put: unknown }>['put']['content']): string {
  if ('copy' in content) return content.copy
  if ('local' in content) return `${content.local} of this machine`
  return 'edits' in content ? `keys ${content.edits.map(({ key }) => key).join(', ')}` : 'new text'
}

function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
