import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const manifest = JSON.parse(read('package.json')) as {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  allowScripts: Record<string, boolean>
}
const page = read('docs/dependencies.md')

/** The packages that the first column of a section's table names. */
function named(title: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(title)) ?? ''
  const cells = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

/** Every one of `names` that no entry of `list` covers; `@types/*` covers all of that scope. */
function uncovered(names: string[], list: string[]): string[] {
  const covers = (entry: string, name: string) =>
    entry === name || (entry.endsWith('/*') && name.startsWith(entry.slice(0, -1)))
  return names.filter((name) => !list.some((entry) => covers(entry, name)))
}

describe('docs/dependencies.md', () => {
  it.each([
    ['At run time', Object.keys(manifest.dependencies)],
    ['For development', Object.keys(manifest.devDependencies)],
  ])('%s: names every package, and none that is not there', (title, packages) => {
    expect(uncovered(packages, named(title))).toEqual([])
    const gone = named(title).filter(
      (entry) => !packages.some((name) => uncovered([name], [entry]).length === 0),
    )
    expect(gone).toEqual([])
  })

  it('tells of every install script in the lock file, and what was decided', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { hasInstallScript?: boolean; os?: string[] }>
    }
    const scripts = Object.entries(lock.packages)
      .filter(([path, { hasInstallScript }]) => path !== '' && hasInstallScript === true)
      .map(([path]) => path.replace(/^.*node_modules\//, ''))
    expect(uncovered([...new Set(scripts)], named('Install scripts'))).toEqual([])
    expect(Object.keys(manifest.allowScripts).toSorted()).toEqual(named('Install scripts').toSorted())
    for (const [name, allowed] of Object.entries(manifest.allowScripts))
      expect(page).toMatch(
        new RegExp(`^\\| \`${name}\` \\| .* \\| ${allowed ? 'allowed' : 'denied'} \\|`, 'm'),
      )
  })

  it('package.json pins every version', () => {
    const versions = { ...manifest.dependencies, ...manifest.devDependencies }
    expect(Object.entries(versions).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })
})
