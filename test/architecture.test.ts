import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

/** Who may import whom, beside itself (docs/architecture.md). `type` marks what may be imported as types only. */
const rule: Record<string, string[]> = {
  'src/model': [],
  'src/inventory': ['src/model'],
  'src/hosts': ['src/model'],
  'src/runbook': ['src/model'],
  'src/checks': ['src/model'],
  'src/journal': ['src/model'],
  'src/logs': ['src/model'],
  'src/postmortem': ['src/model'],
  'src/actions': ['src/model', 'src/hosts/quote.ts'],
  'src/run': ['src/model'],
  views: ['src/model', 'src/console.types.ts', 'src/run/types.ts'],
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!)
  return found
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(root, resolve(root, dirname(file), name)))
}

describe('the dependency rule', () => {
  for (const [folder, allowed] of Object.entries(rule)) {
    it(`${folder} imports itself and ${allowed.join(', ') || 'nothing else'}`, () => {
      const files = globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root })
      expect(files.length).toBeGreaterThan(0)
      const strays = files.flatMap((file) =>
        importsOf(file)
          .filter(
            (name) => ![folder, ...allowed].some((place) => name === place || name.startsWith(`${place}/`)),
          )
          .map((name) => `${file} imports ${name}`),
      )
      expect(strays).toEqual([])
    })
  }

  it('src outside cli loads where React and Ink are not installed', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sitrep-bare-'))
    try {
      await cp(join(root, 'src'), join(dir, 'src'), { recursive: true })
      await cp(join(root, 'package.json'), join(dir, 'package.json'))
      const modules = join(dir, 'node_modules')
      await execa('mkdir', [modules])
      for (const name of globSync(['*', '@*/*'], { cwd: join(root, 'node_modules') })) {
        if (['ink', 'react', 'ink-testing-library', '@types/react'].includes(name) || /^@[^/]+$/.test(name))
          continue
        await execa('mkdir', ['-p', dirname(join(modules, name))])
        symlinkSync(join(root, 'node_modules', name), join(modules, name))
      }
      const files = globSync('src/**/*.ts', { cwd: dir }).filter(
        (file) => !file.startsWith('src/cli/') && !file.startsWith('src/demo/core/'),
      )
      const program = `for (const file of ${JSON.stringify(files)}) await import('./' + file); console.log('loaded ' + ${files.length})`
      const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', program], { cwd: dir })
      expect(stdout).toBe(`loaded ${files.length}`)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
})
