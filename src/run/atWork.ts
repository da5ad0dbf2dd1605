import type { Progress } from './context.ts'

/**
 * What is at work by host, the newest last, after this news: undefined ends all of it, an empty `doing` what is done on that
 * host. What is done on no host (`''`) is over as soon as something is done on one.
 */
export function afterProgress<T extends Progress>(
  before: Readonly<Record<string, T>>,
  now: T | undefined,
): Record<string, T> {
  if (now === undefined) return {}
  const { [now.host]: _, '': __, ...others } = before
  return (now.doing === '' ? others : { ...others, [now.host]: now }) as Record<string, T>
}
