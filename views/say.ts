import type { Change, FileChange, HttpRequest } from '../src/model/action.ts'
import type { Command } from '../src/model/command.ts'
import { describeCommand } from '../src/model/describe.ts'
import { showText } from '../src/model/secret.ts'

/** What the line of a command does not say: the secrets it gets, its input, and that a script of ours does it. */
function aroundCommand(command: Command): string[] {
  const secrets = Object.keys(command.secrets ?? {})
  return [
    ...(secrets.length > 0 ? [`gets ${secrets.join(', ')} on its input, as secrets`] : []),
    ...(command.shown !== undefined
      ? ['done by a fixed script of sitrep']
      : command.stdin === undefined
        ? []
        : ['gets text on its input']),
  ]
}

/** A change's command as a person would type it, with the user that the step runs as. */
function lineOf(command: Command, change: Change): string {
  return describeCommand(change.as === undefined ? command : { as: change.as, ...command })
}

/** Exactly what a change does, one line each: `$ ` before what runs. `where` names the host. */
export function changeText(change: Change, where: string): string[] {
  if ('run' in change) return [`$ ${lineOf(change.run, change)}`, ...aroundCommand(change.run)]
  if ('local' in change) {
    return [`$ ${describeCommand(change.local)}`, 'on this machine', ...aroundCommand(change.local)]
  }
  const by = change.as === undefined ? [] : [`as ${change.as}`]
  if ('put' in change) return [...putText(change.put), ...by]
  if ('remove' in change)
    return [`removes ${change.remove.path}, if it is still ${sha(change.remove.expect)}`, ...by]
  if ('link' in change)
    return [
      `points ${change.link.path} at ${change.link.target}, if it still points at ${change.link.expect}`,
    ]
  if ('request' in change) return requestText(change.request, where)
  // Its own line says the question already, where that is all there is.
  const asked = change.say.includes(change.ask.question) ? [] : [`asks you: ${change.ask.question}`]
  return [...asked, ...(change.ask.instructions ?? '').split('\n').filter(Boolean)]
}

function putText(put: FileChange): string[] {
  const kept = [
    put.mode && `mode ${put.mode}`,
    put.owner && `owner ${put.owner}`,
    put.group && `group ${put.group}`,
  ].filter(Boolean)
  return [
    put.expect === 'absent'
      ? `writes the new file ${put.path}`
      : `replaces ${put.path}, if it is still ${sha(put.expect)}`,
    ...(kept.length > 0 ? [`with ${kept.join(', ')}`] : []),
    ...(put.backup === undefined ? [] : [`keeps the former file as ${put.backup}`]),
    ...(put.validate ? [`only if this passes: $ ${describeCommand(put.validate)}`] : []),
  ]
}

function requestText(request: HttpRequest, where: string): string[] {
  return [
    `${request.method} ${request.url}`,
    request.from === 'host' ? `from ${where}` : 'from this machine',
    ...(request.resolve === undefined ? [] : [`connects to ${request.resolve}`]),
    ...(request.insecure ? ['does not verify the certificate'] : []),
    ...(request.body === undefined ? [] : [`body: ${showText(request.body)}`]),
  ]
}

/** What `y` copies: the commands of the changes, one a line; what is not a command as a comment. */
export function copyText(changes: readonly { do: Change }[], where: string): string {
  return changes
    .map(({ do: change }) => {
      if ('run' in change) return lineOf(change.run, change)
      return 'local' in change
        ? describeCommand(change.local)
        : `# ${changeText(change, where)[0] ?? change.say}`
    })
    .join('\n')
}

function sha(value: string): string {
  return value === 'absent' ? 'absent' : `sha256 ${value.slice(0, 12)}`
}
