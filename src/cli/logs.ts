import { createFleet } from '../compose/fleet.ts'
import { sinks } from '../compose/incident.ts'
import { openInventory, pickHosts } from '../compose/inventory.ts'
import { kinds } from '../compose/kinds.ts'
import { followSource } from '../logs/follow.ts'
import { createRing } from '../logs/ring.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import { asking } from './asking.ts'

/** Follows one log until it ends or the signal stops it; gives why it ended, undefined where it was stopped. */
export async function followLog(
  hostName: string,
  source: string,
  o: { grep?: string; inventory?: string; onLine(line: string): void; signal: AbortSignal },
): Promise<string | undefined> {
  const colon = source.indexOf(':')
  const kind = kinds.logSources.find(({ kind }) => kind === source.slice(0, colon))
  if (kind === undefined) {
    const known = kinds.logSources.map(({ kind }) => `${kind}:…`).join(', ')
    throw new SitrepError('usage', `unknown log ${source}`, { next: `known: ${known}` })
  }
  const name = kind.params.safeParse(source.slice(colon + 1))
  if (!name.success)
    throw new SitrepError('usage', `not the name of a log: ${source}`, {
      next: name.error.issues.map(({ message }) => message).join('; '),
    })
  const wanted = patternOf(o.grep)
  const inventory = await openInventory(o.inventory)
  const hosts = pickHosts(inventory, [hostName], { adHoc: true })
  const { secrets, pipe } = sinks()
  const fleet = await createFleet({ hosts, secrets, ...asking() })
  const session = await reached(fleet.session(hosts[0]?.name ?? hostName), o.signal)
  if (session === undefined) {
    // A host that does not answer holds up its closing, too; the process ends now, and with it the attempt.
    void Promise.resolve(fleet[Symbol.asyncDispose]()).catch(() => undefined)
    throw new SitrepError('interrupted', 'stopped before the host was reached')
  }
  await using _closed = fleet
  const ring = createRing(1000)
  let next = 0
  let ended: string | undefined
  const following = followSource({
    session,
    kind,
    name: name.data,
    pipe,
    ring,
    onLines: () => {
      for (const { seq, text } of ring.lines()) {
        if (seq < next) continue
        next = seq + 1
        if (wanted.test(text)) o.onLine(text)
      }
    },
    onState: ({ state, detail }) => {
      if (state === 'ended' && !o.signal.aborted) ended = detail
    },
  })
  // A signal that came already calls no listener.
  if (o.signal.aborted) void following.stop()
  o.signal.addEventListener('abort', () => void following.stop(), { once: true })
  await following.ended
  return ended
}

/** What connects, or undefined where the signal came first. */
async function reached<T>(connecting: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  // Where we stop first, how the connecting ended interests nobody.
  connecting.catch(() => undefined)
  return Promise.race([connecting, stopped])
}

function patternOf(grep: string | undefined): RegExp {
  try {
    return new RegExp(grep ?? '')
  } catch (error) {
    throw new SitrepError('usage', `not a regular expression: ${messageOf(error)}`)
  }
}
