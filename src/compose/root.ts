import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of the installed package: the nearest one above this file with a package.json (true of src/ and of dist/). */
export function packageRoot(): string {
  let dir = import.meta.dirname
  while (!existsSync(join(dir, 'package.json'))) {
    const above = dirname(dir)
    if (above === dir) throw new Error('the installation is not whole: no package.json above it')
    dir = above
  }
  return dir
}

/** The folder of the runbooks that ship, which are trusted. */
export function shippedRunbooks(): string {
  return join(packageRoot(), 'runbooks')
}
