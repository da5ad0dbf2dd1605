import { hostname, userInfo } from 'node:os'
import type { z } from 'zod'
import { SitrepError } from '../../model/errors.ts'
import type { Host, Setting } from '../../model/host.ts'
import { hopText, hostAddress, operatorPath, userName } from '../schema.ts'
import { fillPath, fillTokens, type Tokens, UnknownToken } from './tokens.ts'
import { isYes, oneOf, pathsOf, type Values } from './values.ts'

/** What was taken of a configuration, and what could not be. */
export interface Taken {
  settings: Partial<Host>
  notes: string[]
}

/** What stands in shell text in place of a token has to be plain there, too. */
const plainInShell = /^[\w.:@[\]-]+$/

/**
 * Takes what a host's entry leaves open from OpenSSH's values. They are used like those of the inventory, so they pass the
 * same gate; throws SitrepError('usage') where one does not.
 */
export function takeSettings(
  values: Values,
  host: Host,
  o: { home: string; env?: NodeJS.ProcessEnv },
): Taken {
  const notes: string[] = []
  const gate = refusing(host.name)
  const open = (setting: Setting) => host.unsaid?.includes(setting) === true
  const address = open('address') ? (oneOf(values, 'hostname') ?? host.name) : host.address
  const user = open('user') ? (oneOf(values, 'user') ?? host.user) : host.user
  const port = open('port') ? Number(oneOf(values, 'port') ?? host.port) : host.port
  gate('HostName', hostAddress, address)
  gate('User', userName, user)
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw unusable(host.name, 'Port', String(port), 'not a port')
  const alias = open('hostKeyAlias') ? oneOf(values, 'hostkeyalias') : host.hostKeyAlias
  if (alias !== undefined) gate('HostKeyAlias', hostAddress, alias)
  const tokens: Tokens = {
    name: host.name,
    address,
    port,
    user,
    home: o.home,
    localUser: userInfo().username,
    localHost: hostname(),
    ...(alias === undefined ? {} : { alias }),
    env: o.env ?? process.env,
  }
  const files = (keyword: string, written: readonly string[]): string[] =>
    written.flatMap((file) => {
      try {
        const path = fillPath(file, tokens)
        gate(keyword, operatorPath, path)
        return [path]
      } catch (error) {
        if (!(error instanceof UnknownToken)) throw error
        notes.push(`${keyword} ${file} is not used: ${error.message}`)
        return []
      }
    })
  const settings: Partial<Host> = {
    address,
    port,
    user,
    ...(alias === undefined ? {} : { hostKeyAlias: alias }),
  }
  const identities = open('identityFiles') ? (values.get('identityfile') ?? []) : []
  if (identities.length > 0 && !areDefaults(identities)) {
    settings.identityFiles = files('IdentityFile', named(identities))
  }
  const certificates = open('certificateFiles') ? named(values.get('certificatefile') ?? []) : []
  if (certificates.length > 0) settings.certificateFiles = files('CertificateFile', certificates)
  if (open('knownHosts') && Object.keys(knownHostsDefaults).some((key) => values.has(key)))
    settings.knownHosts = Object.entries(knownHostsDefaults).flatMap(([key, defaults]) =>
      (values.has(key) ? pathsOf(values, key) : defaults).map((file) => knownFile(host.name, file, tokens)),
    )
  if (isYes(values, 'identitiesonly')) settings.identitiesOnly = true
  const agent = values.get('identityagent')?.[0]
  if (agent !== undefined && agent !== 'SSH_AUTH_SOCK') {
    const [socket] = agent.toLowerCase() === 'none' ? ['none'] : files('IdentityAgent', [socketOf(agent)])
    if (socket !== undefined) settings.identityAgent = socket
  }
  const jump = open('jump') ? oneOf(values, 'proxyjump') : undefined
  if (jump !== undefined) settings.jump = hops(host.name, jump, tokens)
  const command = open('proxyCommand') && jump === undefined ? oneOf(values, 'proxycommand') : undefined
  if (command !== undefined) settings.proxyCommand = fillCommand(host.name, command, tokens)
  else if (host.proxyCommand !== undefined)
    settings.proxyCommand = fillCommand(host.name, host.proxyCommand, tokens)
  const seconds = Number(oneOf(values, 'connecttimeout') ?? 0)
  if (host.link?.connect === undefined && seconds > 0)
    settings.link = { ...host.link, connect: seconds * 1000 }
  if (isYes(values, 'forwardagent') && host.forwardAgent === undefined)
    notes.push('ForwardAgent of the OpenSSH configuration is not used; the inventory can say forward_agent')
  return { settings, notes }
}

/** A socket that is named by a variable of the environment (`$NAME`) is one of the paths that may be written `${NAME}`. */
const socketOf = (agent: string) => agent.replace(/^\$(\w+)$/, '${$1}')

/** Where OpenSSH looks unless it is told otherwise; `none` means nowhere. */
const knownHostsDefaults = {
  userknownhostsfile: ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'],
  globalknownhostsfile: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
}

/** The path of a known_hosts file. One that is not found can't be left out: it may hold what is revoked. */
function knownFile(name: string, written: string, tokens: Tokens): string {
  try {
    const path = fillPath(written, tokens)
    refusing(name)('UserKnownHostsFile', operatorPath, path)
    return path
  } catch (error) {
    if (!(error instanceof UnknownToken)) throw error
    throw unusable(name, 'UserKnownHostsFile', written, error.message)
  }
}

const named = (files: readonly string[]) => files.filter((file) => file.toLowerCase() !== 'none')

/** True of the list that OpenSSH tries where nobody named a key. */
function areDefaults(identities: readonly string[]): boolean {
  return identities.length > 4 && identities.every((file) => /^~\/\.ssh\/id_[a-z0-9_]+$/.test(file))
}

function hops(name: string, text: string, tokens: Tokens): string[] {
  return text.split(',').map((written) => {
    const hop = filled(name, 'ProxyJump', written.trim(), tokens).replace(/^ssh:\/\//, '')
    refusing(name)('ProxyJump', hopText, hop)
    return hop
  })
}

/** A ProxyCommand with its tokens filled in. It is shell text of the operator's own; what is put into it is plain. */
function fillCommand(name: string, text: string, tokens: Tokens): string {
  if (/[\u0000\r\n]/.test(text))
    throw unusable(name, 'ProxyCommand', text, 'it has a line break or a NUL character')
  const values: [string, string][] = [
    ['%h', tokens.address],
    ['%n', tokens.name],
    ['%r', tokens.user],
  ]
  for (const [token, value] of values) {
    if (text.includes(token) && !plainInShell.test(value))
      throw unusable(name, 'ProxyCommand', text, `its ${token} would be ${JSON.stringify(value)}`)
  }
  return filled(name, 'ProxyCommand', text, tokens)
}

function filled(name: string, keyword: string, text: string, tokens: Tokens): string {
  try {
    return fillTokens(text, tokens, '%hnpr')
  } catch (error) {
    throw unusable(name, keyword, text, error instanceof Error ? error.message : String(error))
  }
}

const refusing = (name: string) => (keyword: string, form: z.ZodType, value: string) => {
  const checked = form.safeParse(value)
  if (!checked.success)
    throw unusable(name, keyword, value, checked.error.issues[0]?.message ?? 'it is not allowed')
}

function unusable(name: string, keyword: string, value: string, why: string): SitrepError {
  return new SitrepError(
    'usage',
    `${keyword} ${JSON.stringify(value)} of the OpenSSH configuration: ${why}`,
    {
      where: name,
      next: `see: ssh -G ${name}; or say the value in the inventory`,
    },
  )
}
