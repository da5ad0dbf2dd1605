import { type HostClock, ownTime, placed } from '../logs/ownTime.ts'
import type { EventData } from '../model/event.ts'
import type { LogLine, LogSource } from '../model/log.ts'

/**
 * Log lines as evidence. The lines that a log ends with when it is first followed may be days old: where the first one
 * bears a time of its own, that is when it was, corrected by what is known of its host's clock.
 */
export function pinOf(
  { host, kind, name }: LogSource,
  lines: readonly [LogLine, ...LogLine[]],
  clock: HostClock | undefined,
): EventData<'log.pinned'> {
  const [first] = lines
  const own = ownTime(first.text)
  const at = own === undefined ? undefined : placed(own, first.at, clock)
  return {
    host,
    source: `${kind}:${name}`,
    at: at?.at ?? first.at,
    received: first.at,
    // A time whose zone is unknown is no moment.
    ...(own?.at.endsWith('Z') ? { hostTime: own.at } : {}),
    ...(at?.uncertaintyMs === undefined ? {} : { uncertaintyMs: at.uncertaintyMs }),
    lines: lines.map(({ text }) => text),
  }
}
