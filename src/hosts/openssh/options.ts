import { isIPv6 } from 'node:net'
import { SitrepError } from '../../model/errors.ts'
import type { Host, LinkTimes } from '../../model/host.ts'
import { expandHome, knownHostsFiles } from '../known_hosts.ts'
import { quote } from '../quote.ts'

/** What the system's ssh is started with beside the host's own settings. */
export interface ConnectionOptions {
  /** The control socket of the last hop, which the connection goes through. */
  through?: { socket: string; name: string }
  times: Pick<LinkTimes, 'stale' | 'lost'>
  /** Whether a person is there to answer; without one ssh asks nothing. */
  asks: boolean
}

/**
 * The options of ssh(1) for a connection to a host. The operator's own configuration is read beside them (GSSAPI, security
 * keys, algorithms are taken from there); but what decides where it leads and whether the host is the right one is said here,
 * where it comes first and so wins.
 */
export function connectionOptions(host: Host, o: ConnectionOptions): string[] {
  const { interval } = aliveTimes(o.times)
  return [
    ...(host.withoutSshConfig === true ? ['-F', 'none'] : []),
    ...option('HostName', literal(host.address)),
    ...option('Port', String(host.port)),
    ...option('User', host.user),
    ...checkingOptions(host),
    ...(host.identityFiles ?? []).flatMap((file) => option('IdentityFile', literal(expandHome(file)))),
    ...(host.certificateFiles ?? []).flatMap((file) => option('CertificateFile', literal(expandHome(file)))),
    ...(host.identityAgent === undefined
      ? []
      : option('IdentityAgent', literal(expandHome(host.identityAgent)))),
    ...(host.identitiesOnly === true ? option('IdentitiesOnly', 'yes') : []),
    ...way(host, o.through),
    ...option('ForwardAgent', host.forwardAgent === true ? 'yes' : 'no'),
    ...option('BatchMode', o.asks ? 'no' : 'yes'),
    ...option('ServerAliveInterval', String(interval)),
    ...option('ServerAliveCountMax', String(Math.max(1, Math.ceil(o.times.lost / 1000 / interval)))),
    // Each phase is timed by us.
    ...option('ConnectTimeout', 'none'),
    ...option('ConnectionAttempts', '1'),
    // Forwardings, terminals and commands of the configuration are for a person's own sessions.
    ...option('ClearAllForwardings', 'yes'),
    ...option('ForwardX11', 'no'),
    ...option('Tunnel', 'no'),
    ...option('PermitLocalCommand', 'no'),
    ...option('RemoteCommand', 'none'),
    ...option('RequestTTY', 'no'),
  ]
}

/** Options by which a host's key is checked as over ssh2: by these files alone, without any question and any way around it. */
export function checkingOptions(host: Host, files: readonly string[] = knownHostsFiles(host)): string[] {
  // ssh wants a value, and `none` is not known to older ones.
  const given = files.length === 0 ? ['/dev/null'] : files
  return [
    ...(host.hostKeyAlias === undefined ? [] : option('HostKeyAlias', host.hostKeyAlias)),
    ...option('StrictHostKeyChecking', 'yes'),
    ...['-o', `UserKnownHostsFile=${given.map((file) => word(literal(file))).join(' ')}`],
    ...option('GlobalKnownHostsFile', '/dev/null'),
    ...option('NoHostAuthenticationForLocalhost', 'no'),
    ...option('VerifyHostKeyDNS', 'no'),
    ...option('CheckHostIP', 'no'),
    ...option('UpdateHostKeys', 'no'),
  ]
}

/** How often ssh asks a silent host whether it is there, in whole seconds as it wants them, and the times that can be kept so. */
export function aliveTimes({ stale, lost }: Pick<LinkTimes, 'stale' | 'lost'>): {
  interval: number
  stale: number
  lost: number
} {
  const interval = Math.max(1, Math.floor(Math.min(stale / 2, lost / 4) / 1000))
  // An answer comes once in an interval at the most; a shorter silence says nothing.
  return { interval, stale: Math.max(stale, interval * 2000), lost: Math.max(lost, interval * 3000) }
}

/** The name that ssh is given, by which the configuration's Host blocks know the host. */
export function destination(host: Pick<Host, 'name' | 'address'>): string {
  return /^[A-Za-z0-9_][\w.-]*$/.test(host.name) ? host.name : host.address
}

/** `-S PATH`, in which a percent sign would begin a token. */
export const controlPath = (socket: string): string[] => ['-S', literal(socket)]

/**
 * Options of an ssh that only speaks to a master over its socket. Where that is gone, ssh would open a connection of its own,
 * as itself and with other checks: the proxy command that fails keeps it from that.
 */
export const clientOptions = (socket: string): string[] => [
  '-F',
  'none',
  ...controlPath(socket),
  ...option('ControlMaster', 'no'),
  ...option('BatchMode', 'yes'),
  '-o',
  'ProxyCommand=false',
]

function way(host: Host, through: ConnectionOptions['through']): string[] {
  if (through) {
    const target = `${isIPv6(host.address) ? `[${host.address}]` : host.address}:${host.port}`
    const argv = ['ssh', ...clientOptions(through.socket), '-W', target, '--', through.name]
    return ['-o', `ProxyCommand=${literal(argv.map(quote).join(' '))}`, ...option('ProxyUseFdpass', 'no')]
  }
  if (host.proxyCommand === undefined) return option('ProxyCommand', 'none')
  if (/[\r\n\0]/.test(host.proxyCommand)) throw unusable('ProxyCommand', host.proxyCommand)
  return ['-o', `ProxyCommand=${literal(host.proxyCommand)}`]
}

/** A value in which ssh is to find no tokens. */
export const literal = (value: string): string => value.replaceAll('%', '%%')

/** `-o NAME=VALUE`, which ssh reads as a line of its configuration. */
export function option(name: string, value: string): string[] {
  return ['-o', `${name}=${word(value, name)}`]
}

export function word(value: string, name = 'UserKnownHostsFile'): string {
  if (/^[\w@%+:,./~[\]-]+$/.test(value)) return value
  if (!isWritable(value)) throw unusable(name, value)
  return `"${value}"`
}

/** Older versions of ssh know no way to write a quotation mark within quotation marks. */
export const isWritable = (value: string): boolean => value !== '' && !/["\\\p{Cc}]|\$\{/u.test(value)

function unusable(name: string, value: string): SitrepError {
  return new SitrepError('usage', `ssh can not be given ${JSON.stringify(value)} as ${name}`, {
    next: 'use a value without quotation marks, backslashes and control characters',
  })
}
