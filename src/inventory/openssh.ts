import { execa } from 'execa'
import { hostAddress, userName } from './schema.ts'

/** What OpenSSH would do for a host, as far as sitrep uses it. */
export interface OpensshConfig {
  address: string
  port: number
  user: string
  /** Private keys in the order in which ssh tries them; some may not exist. */
  identityFiles: string[]
  jump: string[]
  /** The user's and the system's known_hosts files. */
  knownHosts: string[]
}

/** Asks `ssh -G` for the effective configuration of a host; undefined where there is no ssh, or where it has nothing usable. */
export async function opensshConfig(
  name: string,
  o: { ssh?: string; configFile?: string; timeoutMs?: number } = {},
): Promise<OpensshConfig | undefined> {
  const config = o.configFile === undefined ? [] : ['-F', o.configFile]
  const result = await execa(o.ssh ?? 'ssh', ['-G', ...config, '--', name], {
    reject: false,
    timeout: o.timeoutMs ?? 3000,
    stdin: 'ignore',
    maxBuffer: 1024 * 1024,
  })
  return result.exitCode === 0 ? parseOpensshConfig(result.stdout, name) : undefined
}

/** Reads the output of `ssh -G`: one lower-case keyword and its value a line, keywords repeated. */
export function parseOpensshConfig(text: string, name: string): OpensshConfig | undefined {
  const values = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ')
    if (space < 1) continue
    const key = line.slice(0, space)
    values.set(key, [...(values.get(key) ?? []), line.slice(space + 1).trim()])
  }
  const first = (key: string) => values.get(key)?.[0]
  const address = first('hostname') ?? name
  const user = first('user') ?? ''
  const port = Number(first('port') ?? 22)
  // The configuration's values are used like those of the inventory, so they pass the same gate.
  if (!hostAddress.safeParse(address).success || !userName.safeParse(user).success) return undefined
  if (!Number.isInteger(port) || port < 1 || port > 65535) return undefined
  const jump = first('proxyjump')
  return {
    address,
    port,
    user,
    identityFiles: values.get('identityfile') ?? [],
    jump: jump === undefined || jump === 'none' ? [] : jump.split(','),
    knownHosts: ['userknownhostsfile', 'globalknownhostsfile']
      .flatMap((key) => (first(key) ?? '').split(' '))
      .filter((file) => file.startsWith('/') || file.startsWith('~')),
  }
}
