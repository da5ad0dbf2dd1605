/** How far a host's clock is from ours: its time minus ours, and how sure that is either way, both in milliseconds. */
export interface ClockOffset {
  offsetMs: number
  uncertaintyMs: number
}

/** Further from ours than this is no clock, but a host that prints anything, in milliseconds: 20 years. */
const farthestMs = 20 * 365.25 * 86_400_000

/** True where what was measured, or stands in a journal, can be the offset of a clock. */
export function isClock({ offsetMs, uncertaintyMs }: ClockOffset): boolean {
  return Math.abs(offsetMs) <= farthestMs && uncertaintyMs >= 0 && uncertaintyMs <= farthestMs
}

/** An offset above this is a warning, in milliseconds. */
const offAboveMs = 2000

/** True where a clock is off by more than can be let pass, and surely so. */
export function isOff({ offsetMs, uncertaintyMs }: ClockOffset): boolean {
  return Math.abs(offsetMs) > Math.max(offAboveMs, uncertaintyMs)
}

/** Less than this beyond what a measurement can tell is no news, in milliseconds. */
const slackMs = 100

/** True where a clock has moved by more than the measurements can explain. */
export function hasMoved(before: ClockOffset, now: ClockOffset): boolean {
  const unsure = Math.max(before.uncertaintyMs, now.uncertaintyMs)
  return Math.abs(now.offsetMs - before.offsetMs) > unsure + slackMs
}

/** True where a measurement says more than what is known: the first one, a clock that moved, or one known twice as well now. */
export function isNews(before: ClockOffset | undefined, now: ClockOffset): boolean {
  if (before === undefined || hasMoved(before, now)) return true
  const better = before.uncertaintyMs - now.uncertaintyMs
  return better > now.uncertaintyMs && better > 20
}
