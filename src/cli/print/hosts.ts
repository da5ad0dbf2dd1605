import { homedir } from 'node:os'
import stringWidth from 'string-width'
import type { Host, Setting } from '../../model/host.ts'
import type { Ink } from '../output.ts'
import { prose } from './prose.ts'

/** The first line of a host: where it is, how it is reached, and what it belongs to. */
export function hostLine(host: Host, ink: Ink): string {
  const { name, transport, groups, production } = host
  const where = transport === 'local' ? 'this machine' : endpoint(host)
  const facts = [where, transport, groups.join(','), production ? 'production' : '']
  return [ink('strong', name), ...facts.filter((fact) => fact !== '')].join('  ')
}

const endpoint = ({ user, address, port }: Pick<Host, 'user' | 'address' | 'port'>) =>
  `${user}@${address.includes(':') ? `[${address}]` : address}:${port}`

/** Every effective setting of the way to a host with where it came from, at most 80 columns where the values allow it. */
export function settingLines(host: Host, ink: Ink): string[] {
  if (host.transport === 'local') return []
  const lines = rows(host).flatMap(({ label, values, source }) =>
    values.map((value, index) => row(index === 0 ? label : '', value, index === 0 ? source : '', ink)),
  )
  return [...lines, ...trouble(host, ink)]
}

/** What is not used of a host's configuration, and why it can't be used at all. */
function trouble({ notes = [], unusable }: Host, ink: Ink): string[] {
  return [
    ...notes.flatMap((note) => prose(note, (line) => ink('warn', line))),
    ...(unusable === undefined
      ? []
      : [...prose(unusable.reason, (line) => ink('bad', line)), ...prose(unusable.next)]),
  ]
}

interface Row {
  label: string
  values: string[]
  source: string
}

function rows(host: Host): Row[] {
  const source = (setting: Setting) => host.sources?.[setting] ?? ''
  const files = (list: readonly string[] | undefined, none: string) =>
    list === undefined ? [none] : list.length === 0 ? ['none'] : list.map(short)
  const said = (label: string, setting: Setting, values: readonly string[] | undefined): Row[] =>
    values === undefined ? [] : [{ label, values: [...values], source: source(setting) }]
  const way = host.via?.map((hop) => `${hop.name} (${endpoint(hop)})`)
  return [
    ...said('address', 'address', [host.address]),
    ...said('port', 'port', [String(host.port)]),
    ...said('user', 'user', [host.user]),
    ...said('keys', 'identityFiles', files(host.identityFiles, "the agent's, then those of ~/.ssh")),
    ...said('certificates', 'certificateFiles', host.certificateFiles?.map(short)),
    ...said(
      'agent',
      'identityAgent',
      host.identityAgent === undefined ? undefined : [short(host.identityAgent)],
    ),
    ...said('forward agent', 'forwardAgent', [host.forwardAgent === true ? 'yes' : 'no']),
    ...said('jump hosts', 'jump', way ?? ['none']),
    ...said(
      'proxy command',
      'proxyCommand',
      host.proxyCommand === undefined ? undefined : [host.proxyCommand],
    ),
    ...said('known_hosts', 'knownHosts', files(host.knownHosts, 'those of OpenSSH')),
    ...said('known as', 'hostKeyAlias', host.hostKeyAlias === undefined ? undefined : [host.hostKeyAlias]),
    ...said('times', 'link', timesOf(host)),
    {
      label: 'transport',
      values: [host.transport],
      source: host.because ?? (source('transport') || 'default'),
    },
  ].map((one) => (one.source === '' ? { ...one, source: 'default' } : one))
}

function timesOf({ link }: Host): string[] | undefined {
  const said = Object.entries(link ?? {}).map(([name, ms]) => `${name} ${ms / 1000} s`)
  return said.length === 0 ? undefined : said
}

function row(label: string, value: string, source: string, ink: Ink): string {
  const begin = `  ${label.padEnd(14)} ${value}`
  if (source === '') return begin
  const column = 48
  const gap = Math.max(2, column - stringWidth(begin))
  const fits = stringWidth(begin) + gap + stringWidth(source) <= 80
  return fits
    ? `${begin}${' '.repeat(gap)}${ink('dim', source)}`
    : `${begin}\n${' '.repeat(17)}${ink('dim', source)}`
}

/** A path of this machine as people write it. */
export function short(path: string): string {
  const home = homedir()
  return path.startsWith(`${home}/`) && home !== '/' ? `~${path.slice(home.length)}` : path
}
