import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The folder of the files that the practice run needs on disk (the service, the proxy, the shims, the runbook):
 * `src/demo` in the source tree, `dist/demo` beside the bundle.
 */
export function demoAssets(): string {
  const here = import.meta.dirname
  const folder = [here, join(here, 'demo'), join(here, '..', 'demo')].find((candidate) =>
    existsSync(join(candidate, 'runbooks')),
  )
  if (!folder) throw new Error(`the files of the practice run are not beside ${here}`)
  return folder
}
