import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../model/host.ts'
import { expandHome } from '../known_hosts.ts'
import { linkFolder } from './folder.ts'
import { destination, isWritable, literal, word } from './options.ts'
import { startSsh } from './process.ts'

/** How the value of a keyword is written, so that ssh reads what it printed: `ssh -G` prints without any quotes. */
const written: Record<string, (value: string) => string> = {
  ...Object.fromEntries(
    [
      'addkeystoagent addressfamily bindaddress bindinterface casignaturealgorithms ciphers compression enablesshkeysign',
      'fingerprinthash gssapiauthentication gssapiclientidentity gssapidelegatecredentials gssapikexalgorithms',
      'gssapikeyexchange gssapirenewalforcesrekey gssapiserveridentity gssapitrustdns hostbasedacceptedalgorithms',
      'hostbasedauthentication hostkeyalgorithms identitiesonly ipqos kbdinteractiveauthentication kbdinteractivedevices',
      'kexalgorithms macs numberofpasswordprompts obscurekeystroketiming passwordauthentication preferredauthentications',
      'proxyusefdpass pubkeyacceptedalgorithms pubkeyauthentication refuseconnection rekeylimit requiredrsasize sendenv',
      'tcpkeepalive versionaddendum warnweakcrypto knownhostscommand',
    ].flatMap((line) => line.split(' ').map((keyword) => [keyword, (value: string) => value])),
  ),
  ...Object.fromEntries(
    ['identityagent', 'pkcs11provider', 'revokedhostkeys', 'securitykeyprovider'].map((keyword) => [
      keyword,
      (value: string) => word(value, keyword),
    ]),
  ),
}

/**
 * Options by which only the keys of the host's entry are offered: with `-o IdentityFile` ssh adds to those that the operator's
 * configuration names, and knows no way to leave these out. So where it names others, what it says of the connection beside
 * is written into a file of the folder, and read in its place; empty where it names none.
 */
export async function onlyOwnKeys(
  host: Host,
  options: readonly string[],
  o: { folder: string; timeoutMs: number; signal?: AbortSignal },
): Promise<string[]> {
  if (host.identityFiles === undefined || host.withoutSshConfig === true) return []
  const text = await effective(host, options, o)
  const own = host.identityFiles.flatMap((file) => [expandHome(file), literal(expandHome(file))])
  const lines = text.split('\n').map((line) => /^(\S+) (.*)$/.exec(line)?.slice(1) ?? [])
  const isOther = ([keyword, value = '']: string[]) =>
    keyword === 'identityfile' && value.toLowerCase() !== 'none' && !own.includes(value)
  if (!lines.some(isOther)) return []
  const config = lines.flatMap(([keyword = '', value = '']) => {
    const write = written[keyword]
    return write === undefined ? [] : [`${keyword} ${write(value)}\n`]
  })
  const variables = lines.flatMap(([keyword, value = '']) => (keyword === 'setenv' ? [value] : []))
  // Only the first line of this keyword counts. What has no form that every version reads is left out.
  const plain = variables.filter(isWritable).map((value) => word(value, 'SetEnv'))
  if (plain.length > 0) config.push(`setenv ${plain.join(' ')}\n`)
  // Where no key at all is named, ssh would try its default ones.
  if (own.length === 0) config.push('identityfile none\n')
  const path = join(o.folder, 'config')
  writeFileSync(path, config.join(''), { mode: 0o600 })
  return ['-F', path]
}

/** What `ssh -G` prints for these options; empty where it does not say in time, as ssh then says itself. */
async function effective(
  host: Host,
  options: readonly string[],
  o: { timeoutMs: number; signal?: AbortSignal },
): Promise<string> {
  const parts: Buffer[] = []
  const ssh = startSsh(['-G', '-T', ...options, '--', destination(host)], {
    folder: linkFolder(),
    onSaid() {},
    onPrinted: (chunk) => parts.push(chunk),
  })
  const stop = () => void ssh.end()
  const timer = setTimeout(stop, o.timeoutMs)
  o.signal?.addEventListener('abort', stop, { once: true })
  if (o.signal?.aborted) stop()
  const code = await ssh.ended
  clearTimeout(timer)
  o.signal?.removeEventListener('abort', stop)
  return code === 0 ? Buffer.concat(parts).toString('utf8') : ''
}
