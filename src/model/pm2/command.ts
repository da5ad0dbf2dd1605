import type { Command } from '../command.ts'
import type { SecretRef } from '../secret.ts'
import { changeScripts } from './changeScript.ts'
import { commonScript } from './commonScript.ts'
import { lookScript } from './lookScript.ts'

/** A variable that the application shall have: its value, or the variable of ours that brings the secret one. */
export type Wanted = Record<string, { value: string } | { from: string }>

/** What is asked about one PM2 application. */
export interface LookInput {
  name: string
  pm2: string
  script?: string
  cwd?: string
  wanted: Wanted
  /** Keys whose values may be printed. */
  show: string[]
  port?: number
  /** Files that the program reads at its start. */
  reads?: string[]
  /** Last lines of the error log to print. */
  errors?: number
}

/** What a change of one PM2 application is given. */
export type ChangeInput = { name: string; pm2: string } & (
  | { verb: 'save' | 'restore'; former: Former }
  | { verb: 'remove' }
  | {
      verb: 'start'
      former?: Former
      script: string
      cwd: string
      args?: string[]
      interpreter?: string
      wanted: Wanted
      keep: string[]
    }
)

/** The 0600 file on the host that keeps the former definition. */
export interface Former {
  path: string
  sha256: string
}

/** Node comes with PM2: where PM2 is named by a path (nvm), Node stands beside it. Descriptors of the job are not passed on to a daemon. */
const launcher =
  'case $1 in */*) PATH="${1%/*}:$PATH";; esac; export PATH; exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; exec node - "$2" "$3"'

/** JSON that may stand in JavaScript, also in one line. */
function literal(value: unknown): string {
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (c) => (c === '\u2028' ? '\\u2028' : '\\u2029'))
}

/** Without comments and indentation: the text stands in the journal with every plan. */
function compact(script: string): string {
  const lines = script.split('\n').map((line) => line.trimStart())
  return `${lines.filter((line) => line !== '' && !line.startsWith('//')).join('\n')}\n`
}

function scriptCommand(
  input: { name: string; pm2: string },
  verb: string,
  script: string,
  secrets: Record<string, SecretRef>,
): Command {
  return {
    argv: ['sh', '-c', launcher, 'sitrep-pm2', input.pm2, verb, input.name],
    stdin: compact(`${commonScript}\nconst input = ${literal(input)}\n${script}`),
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
  }
}

/** The read-only command that prints the facts of one application as JSON; it never starts a daemon and leaves no file. */
export function lookCommand(input: LookInput, secrets: Record<string, SecretRef> = {}): Command {
  return scriptCommand(input, 'look', lookScript, secrets)
}

/** The command of one change; secrets come by the environment, from stdin. */
export function changeCommand(input: ChangeInput, secrets: Record<string, SecretRef> = {}): Command {
  const command = scriptCommand(input, input.verb, changeScripts[input.verb], secrets)
  return { ...command, shown: shownAs(input) }
}

/** What a person would type for the same change; the scripts do it with checks, and without a shell in between. */
function shownAs(input: ChangeInput): string {
  const { name, pm2 } = input
  switch (input.verb) {
    case 'save':
      return `${pm2} jlist, definition of ${name} to ${input.former.path} (0600)`
    case 'restore':
      return `${pm2} delete ${name}; PM2_DUMP_FILE_PATH=${input.former.path} ${pm2} resurrect`
    case 'remove':
      return `${pm2} delete ${name}`
    case 'start': {
      const env = Object.entries(input.wanted).map(
        ([key, from]) => `${key}=${'value' in from ? from.value : `‹secret:${key}›`}`,
      )
      const args = (input.args ?? []).length === 0 ? '' : ` -- ${(input.args ?? []).join(' ')}`
      const start = [...env, pm2, 'start', input.script, '--name', name, '--cwd', input.cwd].join(' ')
      return `${input.former === undefined ? '' : `${pm2} delete ${name}; `}${start}${args}`
    }
  }
}

/**
 * `pm2 save` in the small environment that the look found. dump.pm2 holds every application's environment, so a new one is
 * made for its owner alone.
 */
export function saveListCommand(pm2: string, env: Readonly<Record<string, string>>): Command {
  const clean = Object.entries(env).map(([key, value]) => `${key}=${value}`)
  return {
    argv: [
      'sh',
      '-c',
      'umask 077; exec "$@"',
      'sh',
      'env',
      '-i',
      ...clean,
      pm2,
      'save',
      '--force',
      '--no-color',
    ],
    shown: `${pm2} save --force`,
  }
}
