import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quote, shellLine } from '../../src/hosts/quote.ts'

const runs = process.env.SITREP_FULL ? 500 : 40

/** Bytes 1–255 as a string of one character each. */
const bytes = fc.uint8Array({ min: 1, max: 255, maxLength: 60 }).map((a) => Buffer.from(a).toString('latin1'))
const every = Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1)).toString('latin1')

describe('quote', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sitrep-quote-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each(['sh', 'dash', 'bash'])(
    'fault 18: any argument of bytes 1–255 arrives through %s as it was',
    async (shell) => {
      const arrives = async (argv: string[]) => {
        const file = join(folder, `${shell}.sh`)
        writeFileSync(file, `printf '%s\\0' ${shellLine(argv)}`, 'latin1')
        const { stdout } = await execa(shell, [file], { encoding: 'buffer', env: { LC_ALL: 'C' } })
        expect(Buffer.from(stdout).toString('latin1')).toBe(argv.map((word) => `${word}\0`).join(''))
      }
      await arrives([every, '', "'", '\\', '\n', '-n'])
      await fc.assert(fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 4 }), arrives), {
        numRuns: runs,
      })
    },
  )

  it('fault 18: NUL, and text that has no bytes, are refused', () => {
    expect(() => quote('a\0b')).toThrow(/NUL/)
    expect(() => quote('\ud800')).toThrow(/Unicode/)
  })
})
