import { inert } from '../logs/inert.ts'
import { SitrepError } from '../model/errors.ts'

/**
 * What the last words of a process go through, when it is not known any more of which incident they are: inert, and
 * without any secret that this process was given. A usage error speaks of a person's own words (`token=@FILE` in it is
 * advice and no secret), so what only looks like a secret stays in it.
 */
export async function lastCleaner(error: unknown): Promise<(text: string) => string> {
  const { everySecret } = await import('../hosts/secrets.ts')
  const known = everySecret()
  if (error instanceof SitrepError && error.kind === 'usage') {
    if (known.length === 0) return inert
    const { hideKnown } = await import('../logs/hideKnown.ts')
    return (text) => hideKnown(inert(text), known)
  }
  const { createPipe } = await import('../logs/pipe.ts')
  return createPipe({ entries: () => known, onRegister: () => () => undefined }).text
}
