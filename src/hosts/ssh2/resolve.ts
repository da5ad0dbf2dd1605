import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import pLimit from 'p-limit'
import type { Host } from '../../model/host.ts'
import { ConnectError } from '../errors.ts'
import { givenUp, unlessGivenUp } from './giveUp.ts'

/** An address of a host. */
export interface Address {
  address: string
  family: number
}

/**
 * Finds the host's addresses as every other program here would; a resolver that hangs has its own time and name. Another
 * process asks it, for one that can't be ended holds up more than itself: a lookup of our own sits in one of the four threads
 * that write the journal's files, too, and not even the end of our process gets it out of there.
 */
export async function resolveHost(
  host: Pick<Host, 'name' | 'address' | 'port'>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Address[]> {
  const family = isIP(host.address)
  if (family !== 0) return [{ address: host.address, family }]
  const where = `${host.name} (${host.address})`
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), timeoutMs)
  const over = signal ? AbortSignal.any([signal, late.signal]) : late.signal
  try {
    return await unlessGivenUp(addressesOf(host.address, over), host, over)
  } catch (error) {
    if (signal?.aborted) throw givenUp(host)
    const slow = late.signal.aborted
    const what = slow ? `was not resolved within ${timeoutMs / 1000} s` : 'could not be resolved'
    throw new ConnectError('resolve', `the name ${host.address} ${what}`, {
      where,
      cause: error,
      next: slow
        ? 'look at the resolver of this machine'
        : 'is it spelled right, and does a resolver know it?',
    })
  } finally {
    clearTimeout(timer)
  }
}

/** Where there is no getent (macOS), lookups of our own leave half of the threads to others. */
const own = pLimit(2)

async function addressesOf(name: string, over: AbortSignal): Promise<Address[]> {
  const { execa } = await import('execa')
  const found = await execa('getent', ['ahosts', '--', name], {
    reject: false,
    stdin: 'ignore',
    cancelSignal: over,
    forceKillAfterDelay: 100,
    maxBuffer: 64 << 10,
  })
  // 2: no such key. Others than 0 and 2 tell of getent itself, which not everyone has in this form.
  if (found.exitCode !== 0 && found.exitCode !== 2 && !over.aborted)
    return own(() => lookup(name, { all: true }))
  const addresses = found.stdout.split('\n').flatMap((line) => {
    const [address = ''] = line.split(/\s/)
    const family = isIP(address)
    return family === 0 ? [] : [{ address, family }]
  })
  if (addresses.length === 0) throw new Error(`getent knows no ${name}`)
  // One line for each kind of socket.
  return [...new Map(addresses.map((one) => [one.address, one])).values()]
}
