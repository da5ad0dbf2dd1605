import pLimit, { type LimitFunction } from 'p-limit'
import type { Host } from '../../model/host.ts'
import { knownHostsFiles, knownName, verdict } from '../known_hosts.ts'
import type { Prompter } from '../prompter.ts'
import { appendTrusted, fileToTrustIn, trustLine } from './trust.ts'

/** Entries of one address are asked about one after the other: the answer to the first may be that to the others. */
const turns = new Map<string, LimitFunction>()

/**
 * Asks a person about a key that known_hosts does not know, and writes it down after a yes. True where a next attempt may be
 * made: after a yes, and where known_hosts has come to say something else of the key while the question waited for its turn.
 */
export async function askAboutKey(
  host: Host,
  key: Buffer,
  o: { prompter: Prompter; signal?: AbortSignal },
): Promise<boolean> {
  const files = knownHostsFiles(host)
  const file = fileToTrustIn(files)
  // A yes that could not be kept would be asked for again at each connection, and soon be given unread.
  if (file === undefined) return false
  const { name, port } = knownName(host)
  const judged = () => verdict(files, name, port, key)
  const ask = async () => {
    if (o.signal?.aborted) return false
    const { is, fingerprint } = judged()
    if (is !== 'unknown') return true
    const yes = await o.prompter.confirm({
      who: `${host.name} (${host.address}:${host.port})`,
      what: `this host is not known yet; its key is ${fingerprint}\ntrust it from now on?`,
      ...(o.signal === undefined ? {} : { signal: o.signal }),
    })
    // Another session may have answered the same question meanwhile.
    if (yes && judged().is === 'unknown') appendTrusted(file, trustLine(name, port, key))
    return yes
  }
  const place = JSON.stringify([file, name, port])
  const turn = turns.get(place) ?? pLimit(1)
  turns.set(place, turn)
  return turn(ask).finally(() => {
    if (turn.activeCount + turn.pendingCount === 0) turns.delete(place)
  })
}
