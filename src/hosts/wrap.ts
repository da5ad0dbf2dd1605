import type { Command, Payload } from '../model/command.ts'
import { SitrepError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import { revealText, type SecretStore } from '../model/secret.ts'
import { quote, shellLine } from './quote.ts'
import { sudoText } from './sudo/text.ts'

/** A command as shell text for the host, and the input that it reads from its channel. */
export interface Wrapped {
  text: string
  /** For the channel's stdin, to be written before anything else: a line for each secret, then the payload. */
  input: string
  /** The user for whom sudo is asked; absent where the command runs as the login user. */
  as?: string
}

/** What the wrapper must know of the host and of us. */
export interface WrapContext {
  host: Pick<Host, 'path' | 'env'>
  /** The user that the session logged in as. */
  user: string
  secrets: Pick<SecretStore, 'value'>
}

/*
 * Secrets come as lines of base64, and the payload as base64 of a known length, all of it read before the command starts: a
 * link that is cut in the middle gives a command that did not run, not one that ran on half of its input. `read` takes no
 * byte beyond its line, but takes them one at a time (1 MB: 1.4 s), so the payload is read by `head -c`. The shell reads its
 * own text from its argument, so none of this is ever taken for shell text.
 */
const takeText = (nonce: string) =>
  `torn() { printf '%s\\n' ${nonce}:torn >&2; exit 1; }
dec() { printf %s "$1" | base64 -d; }`

/**
 * Shell text that sets PATH, the environment, the folder and the secrets of a command, and runs it; its
 * last status is the command's. `guard` is put before the command where no sudo is needed.
 */
export function wrap(command: Command, nonce: string, context: WrapContext, guard = ''): Wrapped {
  check(command)
  const secrets = Object.entries(command.secrets ?? {})
  const as = command.as === undefined || command.as === context.user ? undefined : command.as
  const values = secrets.map(([, ref]) => encode(context.secrets.value(ref)))
  const load = command.stdin === undefined ? '' : encode(bytesOf(command.stdin, context.secrets))
  const takes = values.map((_, index) => `IFS= read -r L${index} || torn`)
  if (command.stdin !== undefined) {
    const name = `L${values.length}`
    takes.push(`${name}=$(head -c ${load.length}); [ \${#${name}} -eq ${load.length} ] || torn`)
  }
  const head = takes.length > 0 ? [takeText(nonce), ...takes] : []
  const common = { text: '', input: values.map((line) => `${line}\n`).join('') + load }
  const hasPayload = command.stdin !== undefined
  if (as !== undefined) {
    const names = secrets.map(([name]) => name)
    const text = sudoText({ command, nonce, as, host: context.host, secrets: names, hasPayload })
    return { ...common, as, text: [...head, text].join('\n') }
  }
  const exports = secrets.map(
    ([name], index) => `V=$(dec "$L${index}"; printf x); ${name}=\${V%x}; export ${name}`,
  )
  const words = shellLine(command.argv)
  const assignments = environment(command, context.host, '"$PATH"')
  const run = assignments.length > 0 ? `env ${assignments.join(' ')} ${words}` : words
  const last = hasPayload ? `dec "$L${secrets.length}" | ${run}` : `exec ${run} </dev/null`
  return { ...common, text: [...head, ...enter(command, nonce), ...exports, guard, last].join('\n') }
}

/** `NAME=value` words for `env`: the host's PATH folders, the host's environment, the command's own. */
export function environment(command: Command, host: WrapContext['host'], path: string): string[] {
  const env = { ...host.env, ...command.env }
  const pairs = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`)
  return host.path.length === 0 ? pairs : [pathWord(host, path), ...pairs]
}

/** `PATH=…` with the host's folders first. */
export function pathWord(host: WrapContext['host'], rest: string): string {
  return `PATH=${[...host.path.map(quote), rest].join(':')}`
}

function enter(command: Command, nonce: string): string[] {
  if (command.cwd === undefined) return []
  return [`CDPATH= cd -- ${quote(command.cwd)} || { printf '%s\\n' ${nonce}:folder >&2; exit 1; }`]
}

const encode = (data: string | Buffer) => Buffer.from(data as string).toString('base64')

function bytesOf(stdin: Payload, secrets: Pick<SecretStore, 'value'>): Buffer {
  if (typeof stdin === 'object' && 'base64' in stdin) return Buffer.from(stdin.base64, 'base64')
  return Buffer.from(revealText(stdin, secrets), 'utf8')
}

const variable = /^[A-Za-z_]\w*$/
const userName = /^[A-Za-z_][\w.-]*\$?$/

/** Refuses what would not arrive as what it is. */
function check(command: Command): void {
  const [program] = command.argv
  if (!program) throw new SitrepError('usage', 'a command has no words')
  if (program.startsWith('-') || program.includes('=')) {
    throw new SitrepError('usage', `a program can not be named ${program}`)
  }
  const names = [...Object.keys(command.env ?? {}), ...Object.keys(command.secrets ?? {})]
  const bad = names.find((name) => !variable.test(name))
  if (bad !== undefined) throw new SitrepError('usage', `an environment variable can not be named ${bad}`)
  if (command.as !== undefined && !userName.test(command.as)) {
    throw new SitrepError('usage', `a user can not be named ${command.as}`)
  }
}
