import { resolve } from 'node:path/posix'
import type { Pm2Facts, Pm2Process } from '../../model/pm2/facts.ts'
import { looksSecret } from '../../model/secretShape.ts'
import type { Pm2Params } from './params.ts'

/** What differs between the running processes and the wanted definition. Texts never hold a secret value. */
export interface Drift {
  /** Reasons to start it again, the strongest first. */
  reasons: string[]
  /** Variables that the new definition will not have. */
  dropped: string[]
}

/** Variables that come from the login session or from PM2 itself; no application's own settings. */
const ambient =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM\w*|PWD|OLDPWD|SHLVL|_|MAIL|EDITOR|VISUAL|PAGER|LESS\w*|LS_COLORS|COLORTERM|DISPLAY|HISTSIZE|HOSTNAME|HOSTTYPE|INVOCATION_ID|JOURNAL_STREAM|MANPATH|INIT_CWD|NODE|npm_\w+|NVM_\w+|SSH_\w+|XDG_\w+|DBUS_\w+|SUDO_\w+|TMUX\w*|STY|WINDOW|VSCODE_\w+|PM2_\w+|NODE_APP_INSTANCE|unique_id|DEBIAN_FRONTEND|MOTD_SHOWN|which_declare|BASH_\w+)$/

/** Variables of the running processes that are neither wanted, nor kept, nor ambient. */
export function droppedNames(p: Pm2Params, processes: readonly Pm2Process[]): string[] {
  const stays = new Set([...Object.keys(p.env ?? {}), ...(p.keep_env ?? []), p.name])
  const names = new Set(processes.flatMap((process) => process.names))
  return [...names].filter((name) => !stays.has(name) && !ambient.test(name)).sort()
}

const distinct = (values: readonly string[]) => [...new Set(values)]

function fromTo(what: string, found: readonly string[], wanted: string): string[] {
  const other = distinct(found).filter((value) => value !== wanted)
  return other.length === 0 ? [] : [`${what} ${other.join(' and ')} → ${wanted}`]
}

function envReasons(p: Pm2Params, processes: readonly Pm2Process[]): string[] {
  const keys = Object.keys(p.env ?? {})
  const missing = keys.filter((key) => processes.some(({ same }) => same[key] === 'absent'))
  const other = keys.filter(
    (key) => !missing.includes(key) && processes.some(({ same }) => same[key] === 'other'),
  )
  const differing = other.map((key) => {
    // The look gives values only of keys that may be shown; a former value may still look like a secret.
    const found = distinct(processes.flatMap(({ values }) => values[key] ?? []))
    const wanted = p.env?.[key]
    if (found.length === 0 || typeof wanted !== 'string' || found.some(looksSecret))
      return `${key} (secret) differs`
    return `${key} ${found.join(' and ')} → ${wanted}`
  })
  return [...(missing.length > 0 ? [`missing ${missing.join(', ')}`] : []), ...differing]
}

/** Statuses that do not flip from one look to the next while an application keeps crashing read as themselves. */
function statusReason(processes: readonly Pm2Process[]): string[] {
  const bad = distinct(processes.map(({ status }) => status).filter((status) => status !== 'online'))
  if (bad.length === 0) return []
  return [
    bad.every((status) => status === 'stopped' || status === 'errored')
      ? `is ${bad.join(' and ')}`
      : 'is not online',
  ]
}

/** Compares what runs with what is wanted. */
export function driftOf(p: Pm2Params, facts: Pm2Facts): Drift {
  const all = facts.processes
  const wantedArgs = p.args
  const interpreters = p.interpreter === undefined ? [] : all.flatMap(({ interpreter }) => interpreter ?? [])
  const base = (value: string) => (p.interpreter?.includes('/') ? value : value.replace(/^.*\//, ''))
  const gone = distinct(all.flatMap(({ runsIn }) => (runsIn?.endsWith(' (deleted)') ? [runsIn] : [])))
  return {
    reasons: [
      ...fromTo(
        'cwd',
        all.map(({ cwd }) => cwd),
        resolve(p.cwd),
      ),
      ...fromTo(
        'script',
        all.map(({ script }) => script),
        facts.script ?? p.script,
      ),
      ...(p.interpreter === undefined ? [] : fromTo('interpreter', interpreters.map(base), p.interpreter)),
      ...(wantedArgs !== undefined &&
      all.some(({ args }) => JSON.stringify(args) !== JSON.stringify(wantedArgs))
        ? ['arguments differ']
        : []),
      ...envReasons(p, all),
      ...gone.map((dir) => `runs in ${dir.replace(' (deleted)', '')}, which was removed`),
      ...statusReason(all),
      ...(facts.newer === undefined ? [] : [`${facts.newer.join(' and ')} changed after it was started`]),
      ...(facts.port?.listening === false ? [`port ${facts.port.number} does not listen`] : []),
    ],
    dropped: droppedNames(p, all),
  }
}
