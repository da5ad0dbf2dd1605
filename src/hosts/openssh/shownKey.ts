import type { Host, LinkTimes } from '../../model/host.ts'
import { fingerprintOf } from '../known_hosts.ts'
import { keyWithin } from './certificate.ts'
import { linkFolder } from './folder.ts'
import type { Master } from './master.ts'
import { checkingOptions, connectionOptions, destination } from './options.ts'
import { startSsh } from './process.ts'
import { readProgress } from './progress.ts'

/** What the program says before the key that it was given. */
const mark = 'sitrep-shown-key'

/**
 * The key that a host shows to ssh; undefined where it could not be had. ssh gives it to a program that could vouch for it
 * (KnownHostsCommand, OpenSSH 8.5). Ours tells it to us and vouches for nothing, nor does any file: the connection ends there,
 * before anything is authenticated.
 */
export async function shownKey(
  host: Host,
  o: { times: LinkTimes; through?: Master; signal?: AbortSignal },
): Promise<Buffer | undefined> {
  const { progress, write } = readProgress()
  const argv = [
    '-vvv',
    '-N',
    '-T',
    ...['-S', 'none'],
    ...checkingOptions(host, ['/dev/null']),
    ...['-o', `KnownHostsCommand=/bin/sh -c "echo ${mark} %K >&2"`],
    ...connectionOptions(host, {
      times: o.times,
      asks: false,
      ...(o.through ? { through: o.through } : {}),
    }),
    ...['--', destination(host)],
  ]
  const ssh = startSsh(argv, { folder: linkFolder(), onSaid: write })
  const stop = () => void ssh.end()
  const timer = setTimeout(stop, o.times.resolve + o.times.connect + o.times.handshake)
  o.signal?.addEventListener('abort', stop, { once: true })
  await ssh.ended
  clearTimeout(timer)
  o.signal?.removeEventListener('abort', stop)
  const keys = progress.said
    .filter((line) => line.startsWith(`${mark} `))
    .map((line) => keyWithin(Buffer.from(line.slice(mark.length + 1), 'base64')))
  // ssh says which key it is; also of a certificate it is the fingerprint of the key within.
  return keys.findLast((key) => key && fingerprintOf(key) === progress.fingerprint)
}
