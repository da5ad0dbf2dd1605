import { resolve } from 'node:path'
import type { Host } from '../model/host.ts'
import { type OpensshConfig, opensshConfig } from './openssh.ts'
import type { HostFile } from './schema.ts'

/** What is taken from the operator where a file does not say. */
export interface Operator {
  /** The operator's login. */
  user: string
  home: string
}

type Unsaid = NonNullable<Host['unsaid']>[number]

const settings: readonly (readonly [Unsaid, keyof HostFile])[] = [
  ['address', 'address'],
  ['port', 'port'],
  ['user', 'user'],
  ['identityFile', 'identity_file'],
  ['jump', 'jump'],
  ['knownHosts', 'known_hosts'],
]

/** A host of the inventory with sitrep's defaults; relative paths of the operator's machine start from the file's folder. */
export function buildHost(name: string, form: HostFile, o: Operator & { dir: string }): Host {
  const local = form.transport === 'local'
  const path = (file: string) => resolve(o.dir, file.replace(/^~(?=\/|$)/, o.home))
  const open = settings.filter(([, key]) => !local && form[key] === undefined).map(([name]) => name)
  return {
    name,
    transport: form.transport ?? 'ssh2',
    address: form.address ?? (local ? 'localhost' : name),
    port: form.port ?? 22,
    user: form.user ?? o.user,
    ...(form.identity_file === undefined ? {} : { identityFile: path(form.identity_file) }),
    ...(form.jump === undefined ? {} : { jump: form.jump }),
    ...(form.known_hosts === undefined ? {} : { knownHosts: form.known_hosts.map(path) }),
    groups: form.groups ?? [],
    production: form.production ?? false,
    path: form.path ?? [],
    env: form.env ?? {},
    vars: form.vars ?? {},
    ...(open.length === 0 ? {} : { unsaid: open }),
  }
}

/** The host with what its entry left open taken from `ssh -G` (address, port, user, key, jump, known_hosts); the entry always wins. */
export async function completeHost(
  host: Host,
  o: Parameters<typeof opensshConfig>[1] & { home?: string } = {},
): Promise<Host> {
  const open = host.unsaid ?? []
  if (open.length === 0) return host
  const config = await opensshConfig(host.name, o)
  return config === undefined ? host : { ...host, ...pick(config, open, o.home) }
}

function pick(config: OpensshConfig, open: readonly string[], home: string | undefined): Partial<Host> {
  const path = (file: string) => (home === undefined ? file : file.replace(/^~(?=\/)/, home))
  const [identityFile] = config.identityFiles
  const all: Partial<Host> = {
    address: config.address,
    port: config.port,
    user: config.user,
    // Several are OpenSSH's defaults, tried in turn by whoever connects; one alone was said by the user.
    ...(config.identityFiles.length === 1 && identityFile ? { identityFile: path(identityFile) } : {}),
    ...(config.jump.length > 0 ? { jump: config.jump } : {}),
    ...(config.knownHosts.length > 0 ? { knownHosts: config.knownHosts.map(path) } : {}),
  }
  return Object.fromEntries(Object.entries(all).filter(([key]) => open.includes(key)))
}
