import { createFleet } from '../compose/fleet.ts'
import { sinks } from '../compose/incident.ts'
import { openInventory, pickHosts } from '../compose/inventory.ts'
import { followSource } from '../logs/follow.ts'
import { createRing } from '../logs/ring.ts'
import { SitrepError } from '../model/errors.ts'
import { asking } from './asking.ts'
import { parseSource, wantedLines } from './logSource.ts'

/** Follows one log until it ends or the signal stops it; gives why it ended, undefined where it was stopped. */
export async function followLog(
  hostName: string,
  source: string,
  o: { grep?: string; inventory?: string; onLine(line: string): void; signal: AbortSignal },
): Promise<string | undefined> {
  const { kind, name } = parseSource(source)
  const wanted = wantedLines(o.grep)
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
  let ended: string | undefined
  const following = followSource({
    session,
    kind,
    name,
    pipe,
    ring: createRing(1),
    onLine: ({ text }) => {
      if (wanted.test(text)) o.onLine(text)
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
