import { resolve } from 'node:path'
import type { Host, LinkTimes, Setting } from '../model/host.ts'
import { type HostFile, linkTimes } from './schema.ts'

/** What is taken from the operator where a file does not say. */
export interface Operator {
  /** The operator's login. */
  user: string
  home: string
}

/** The key of an entry that says each setting. */
const keys = {
  address: 'address',
  port: 'port',
  user: 'user',
  identityFiles: 'identity_file',
  certificateFiles: 'certificate_file',
  jump: 'jump',
  proxyCommand: 'proxy_command',
  knownHosts: 'known_hosts',
  hostKeyAlias: 'host_key_alias',
  forwardAgent: 'forward_agent',
  link: 'link',
  transport: 'transport',
} as const satisfies Partial<Record<Setting, keyof HostFile>>

/** The two ways through another host: an entry that names one leaves none open. */
const ways: readonly Setting[] = ['jump', 'proxyCommand']

/** The key of an entry as people write it. */
export type EntryKey = (typeof keys)[keyof typeof keys]

/**
 * A host of the inventory with sitrep's defaults; relative paths of the operator's machine start from the file's folder.
 * `source` says where the entry says a key, as people read it.
 */
export function buildHost(
  name: string,
  form: HostFile,
  o: Operator & {
    dir: string
    source(key: EntryKey): string
    /** The times that hold for the whole inventory. */
    link?: { times: Partial<LinkTimes>; source: string }
  },
): Host {
  const local = form.transport === 'local'
  const path = (file: string) => resolve(o.dir, file.replace(/^~(?=\/|$)/, o.home))
  const settings = Object.entries(keys) as [keyof typeof keys, EntryKey][]
  const said = settings.filter(([, key]) => form[key] !== undefined)
  const names = said.map(([setting]): Setting => setting)
  const through = ways.some((way) => names.includes(way))
  const open = settings
    .map(([setting]): Setting => setting)
    .filter((setting) => !names.includes(setting) && !(through && ways.includes(setting)))
    // An agent is only ever forwarded because the inventory says so.
    .filter((setting) => setting !== 'forwardAgent')
  const link = { ...o.link?.times, ...linkTimes(form.link) }
  const sources = {
    ...(o.link === undefined ? {} : { link: o.link.source }),
    ...Object.fromEntries(said.map(([setting, key]) => [setting, o.source(key)])),
  }
  return {
    name,
    transport: form.transport ?? 'ssh2',
    address: form.address ?? (local ? 'localhost' : name),
    port: form.port ?? 22,
    user: form.user ?? o.user,
    ...(form.identity_file === undefined ? {} : { identityFiles: form.identity_file.map(path) }),
    ...(form.certificate_file === undefined ? {} : { certificateFiles: form.certificate_file.map(path) }),
    ...(form.jump === undefined ? {} : { jump: form.jump }),
    ...(form.proxy_command === undefined ? {} : { proxyCommand: form.proxy_command }),
    ...(form.known_hosts === undefined ? {} : { knownHosts: form.known_hosts.map(path) }),
    ...(form.host_key_alias === undefined ? {} : { hostKeyAlias: form.host_key_alias }),
    ...(form.forward_agent === undefined ? {} : { forwardAgent: form.forward_agent }),
    ...(Object.keys(link).length === 0 ? {} : { link }),
    groups: form.groups ?? [],
    production: form.production ?? false,
    path: form.path ?? [],
    env: form.env ?? {},
    vars: form.vars ?? {},
    ...(Object.keys(sources).length === 0 ? {} : { sources }),
    ...(local ? {} : { unsaid: open }),
  }
}
