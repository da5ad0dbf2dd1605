import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { projectFolder } from './paths.ts'

const modules = () => join(projectFolder, 'node_modules')

/** The versions of node and PM2 that the hosts get, for the build's hash. */
export function toolVersions(): string {
  return ['node', 'pm2'].map((name) => `${name} ${manifest(join(modules(), name)).version}`).join(', ')
}

/**
 * Copies node and PM2 with what PM2 depends on into a folder that the hosts mount read-only. A copy, since the
 * project's own node_modules may change while the lab runs.
 */
export function copyTools(target: string): void {
  const draft = `${target}.draft`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(join(draft, 'bin'), { recursive: true })
  cpSync(realpathSync(join(modules(), '.bin/node')), join(draft, 'bin/node'))
  chmodSync(join(draft, 'bin/node'), 0o755)
  for (const folder of closure('pm2')) {
    cpSync(folder, join(draft, 'node_modules', relative(modules(), folder)), {
      recursive: true,
      filter: (path) => path === folder || !relative(folder, path).split('/').includes('node_modules'),
    })
  }
  renameSync(draft, target)
}

/** All package folders that a package needs at run time, found as node finds them: upwards from each. */
function closure(name: string): Set<string> {
  const found = new Set<string>()
  const visit = (folder: string) => {
    if (found.has(folder)) return
    found.add(folder)
    const { dependencies = {}, optionalDependencies = {} } = manifest(folder)
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const next = resolvePackage(dependency, folder)
      if (next) visit(next)
    }
  }
  visit(join(modules(), name))
  return found
}

function resolvePackage(name: string, from: string): string | undefined {
  for (let folder = from; folder.startsWith(projectFolder); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
  }
  return undefined
}

interface Manifest {
  version: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
