import type { Command, Reader } from '../../model/command.ts'
import { lastLine, type ToText, wholeText } from '../../model/said.ts'
import { asUnit } from './asUnit.ts'
import { adminAddress, type CaddyConfig, defaultAdmin, differences, readCaddyConfig } from './caddyConfig.ts'
import { stdoutOf, succeeded, whyFailed } from './result.ts'

/** A Caddyfile in its adapted form, or why there is none. */
export type Adapted =
  | ({ is: 'adapted' } & CaddyConfig)
  | { is: 'refused'; reason: string }
  | { is: 'skipped'; reason: string }

/** The configuration that Caddy runs with, or why it could not be asked. `address` is for `caddy reload --address`. */
export type Running = ({ is: 'answers'; address: string } & CaddyConfig) | { is: 'silent'; reason: string }

/** What systemd knows of Caddy's unit; `loads` is the file that its ExecStart names. */
export interface UnitFacts {
  name: string
  active: string
  user: string
  canReload: boolean
  loads?: string
  resume: boolean
}

/** The command with which Caddy is asked; `unit` is absent where there is none. */
export interface CaddyWay {
  caddy: string
  unit?: string
}

const caddyfile = ['--adapter', 'caddyfile']

/** Looks at the unit; undefined where there is no systemd or no such unit. */
export async function lookAtUnit(host: Reader, name: string): Promise<UnitFacts | undefined> {
  const properties = 'LoadState,ActiveState,User,CanReload,ExecStart'
  const result = await host.run({ argv: ['systemctl', 'show', `--property=${properties}`, '--', name] })
  if (!succeeded(result)) return undefined
  const read = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(stdoutOf(result))?.[1] ?? ''
  if (read('LoadState') !== 'loaded') return undefined
  const start = / ?argv\[\]=(.*?) ;/.exec(read('ExecStart'))?.[1] ?? ''
  const loads = /--config[ =](\S+)/.exec(start)?.[1]
  return {
    name,
    active: read('ActiveState'),
    user: read('User') === '' ? 'root' : read('User'),
    canReload: read('CanReload') === 'yes',
    ...(loads === undefined ? {} : { loads }),
    resume: / --resume\b/.test(start),
  }
}

/** Adapts a file where it stands, as the unit would; `adapt` leaves nothing on the host, while `validate` does. */
export async function adaptFile(
  host: Reader,
  way: CaddyWay,
  path: string,
  text: ToText,
): Promise<{ facts: Adapted; value?: unknown }> {
  const argv = [way.caddy, 'adapt', ...caddyfile, '--config', path]
  return adapted(await host.run({ argv: asUnit(way.unit, 'look', argv), timeoutMs: 20_000 }), path, text)
}

/**
 * Adapts a text that is not in its place yet. Relative imports are looked for beside the file, which can't be had on
 * stdin: a text with one is not adapted before it is a candidate.
 */
export async function adaptText(
  host: Reader,
  way: CaddyWay,
  { bytes, label }: { bytes: Uint8Array; label: string },
  text: ToText,
): Promise<{ facts: Adapted; value?: unknown }> {
  const relative = relativeImport(new TextDecoder().decode(bytes))
  if (relative !== undefined)
    return { facts: { is: 'skipped', reason: `it imports ${relative}, which is looked for beside the file` } }
  // A second pipe, made by the unit's own user: he may not open the pipe of another through /dev/stdin.
  const piped = `cat | "$1" adapt ${caddyfile.join(' ')} --config /dev/stdin`
  const result = await host.run({
    argv: asUnit(way.unit, 'look', ['sh', '-c', piped, 'sh', way.caddy]),
    stdin: { base64: Buffer.from(bytes).toString('base64') },
    timeoutMs: 20_000,
  })
  return adapted(result, label, text)
}

function adapted(
  result: Awaited<ReturnType<Reader['run']>>,
  label: string,
  text: ToText,
): { facts: Adapted; value?: unknown } {
  const read = succeeded(result) ? readCaddyConfig(stdoutOf(result)) : undefined
  if (read !== undefined) return { facts: { is: 'adapted', ...read.config }, value: read.value }
  const said = lastLine(wholeText(result.stderr, text))?.replace(
    /^Error: (?:adapting config using caddyfile: )?/,
    '',
  )
  const reason = result.stdout.cut
    ? 'its adapted form is larger than 1 MiB'
    : (said ?? whyFailed(result, text))
  return { facts: { is: 'refused', reason: reason.replaceAll('/dev/stdin', label) } }
}

function relativeImport(text: string): string | undefined {
  const snippets = new Set([...text.matchAll(/^\s*\(([^)\s]+)\)\s*\{/gm)].map((match) => match[1]!))
  return [...text.matchAll(/^\s*import\s+("[^"]*"|\S+)/gm)]
    .map((match) => match[1]!.replaceAll('"', ''))
    .find((name) => !name.startsWith('/') && !snippets.has(name))
}

/** Asks the admin endpoints one after another for the running configuration; the first that answers is Caddy's. */
export async function lookAtRunning(
  host: Reader,
  listens: readonly (string | undefined)[],
  text: ToText,
): Promise<{ facts: Running; value?: unknown }> {
  const reasons: string[] = []
  for (const listen of new Set(listens.map((one) => one ?? defaultAdmin))) {
    const { address, curl } = adminAddress(listen)
    const argv = [
      'curl',
      '--disable',
      '--silent',
      '--show-error',
      '--fail',
      '--max-time',
      '5',
      '--noproxy',
      '*',
    ]
    const result = await host.run({ argv: [...argv, ...curl], timeoutMs: 10_000 })
    const read = succeeded(result) ? readCaddyConfig(stdoutOf(result)) : undefined
    if (read !== undefined) return { facts: { is: 'answers', address, ...read.config }, value: read.value }
    reasons.push(
      `${address}: ${succeeded(result) ? 'answers, but not with a configuration' : whyFailed(result, text)}`,
    )
  }
  return { facts: { is: 'silent', reason: reasons.join('; ') } }
}

/** Where the file and the running configuration differ, told by sites first; names only. */
export function drift(
  file: { facts: Adapted; value?: unknown },
  running: { facts: Running; value?: unknown },
): string[] {
  if (file.facts.is !== 'adapted' || running.facts.is !== 'answers') return []
  if (file.facts.sha256 === running.facts.sha256) return []
  const { gained, lost } = siteChange(running.facts, file.facts)
  return [
    ...(gained.length === 0 ? [] : [`in the file, not running: ${gained.join(', ')}`]),
    ...(lost.length === 0 ? [] : [`running, not in the file: ${lost.join(', ')}`]),
    ...differences(file.value, running.value),
  ]
}

/** The sites that one configuration has and another has not. */
export function siteChange(from: CaddyConfig, to: CaddyConfig): { gained: string[]; lost: string[] } {
  return {
    gained: to.sites.filter((site) => !from.sites.includes(site)),
    lost: from.sites.filter((site) => !to.sites.includes(site)),
  }
}

/** Validates a candidate as the unit's user: as root it would leave root's files where Caddy writes its logs and keys. */
export function validateCommand(way: CaddyWay): Command {
  const argv = [way.caddy, 'validate', ...caddyfile, '--config', '{candidate}']
  return { argv: asUnit(way.unit, 'do', argv), shown: argv.join(' ') }
}

/** Reloads by systemd; it can hang for ever (caddyserver/caddy #7385), so it gets a timeout. */
export function systemdReload(unit: string, timeoutMs: number): Command {
  return { argv: ['systemctl', 'reload', '--', unit], timeoutMs }
}

/**
 * Reloads by Caddy's own command at the first address that takes it. The address is always said: without it `caddy
 * reload` goes to where the new file says that the endpoint is, and not to where it is.
 */
export function caddyReload(
  way: CaddyWay,
  path: string,
  addresses: readonly string[],
  timeoutMs: number,
): Command {
  const each = `c=$1 p=$2; shift 2; for a do "$c" reload ${caddyfile.join(' ')} --force --config "$p" --address "$a" && exit 0; done; exit 1`
  const argv = ['sh', '-c', each, 'sh', way.caddy, path, ...new Set(addresses)]
  const shown = `${way.caddy} reload --config ${path} --address ${addresses[0] ?? ''} --force`
  return { argv: asUnit(way.unit, 'look', argv), shown, timeoutMs }
}
