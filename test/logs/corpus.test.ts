import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forbiddenPattern } from '../../src/logs/codepoints.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { pieces } from './hostile.ts'
import { testSecrets } from './secrets.ts'

// Lines as in CVE-2021-25743 (kubectl), CVE-2024-52005 and CVE-2024-50349 (git), CVE-2009-4487 (a web server's log),
// CVE-2021-42574 (bidi), CVE-2024-0690 (Ansible's no_log) and rundeck#4981, each beside what is shown of it.
const dir = join(import.meta.dirname, '..', 'cases', 'hostile')
const names = globSync('*.raw', { cwd: dir })
  .map((file) => basename(file, '.raw'))
  .sort()

function shown(chunks: readonly Uint8Array[]): string {
  let out = ''
  const sink = createPipe(testSecrets({ CORE_PASSWORD: 'Tr0ub4dor-and-3' })).stream((text) => (out += text))
  for (const chunk of chunks) sink.push(chunk)
  sink.end()
  return out
}

describe('the corpus of hostile lines', () => {
  it('is there', () => expect(names.length).toBeGreaterThan(12))

  it.each(names)('faults 10, 12, 15 and 24: %s', async (name) => {
    const raw = await readFile(join(dir, `${name}.raw`))
    const whole = shown([raw])
    expect(whole).toBe(await readFile(join(dir, `${name}.shown`), 'utf8'))
    expect(whole.match(forbiddenPattern())).toBeNull()
    expect(whole).not.toMatch(/c4n4ry|Tr0ub4dor-and/)
    expect(whole.split('\n').length).toBe(raw.toString('latin1').split('\n').length)
    expect(shown([...raw].map((byte) => Uint8Array.of(byte)))).toBe(whole)
    fc.assert(
      fc.property(fc.array(fc.nat(120), { maxLength: 12 }), (cuts) => {
        expect(shown(pieces(raw, cuts))).toBe(whole)
      }),
      { numRuns: process.env.SITREP_FULL ? 1000 : 30 },
    )
  })
})
