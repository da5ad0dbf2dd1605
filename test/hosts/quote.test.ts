import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quote, shellLine } from '../../src/hosts/quote.ts'
import type { Session } from '../../src/model/command.ts'
import { type Bench, ssh2Bench } from './helpers/machine.ts'

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

describe('quote over sshd', () => {
  let bench: Bench
  let session: Session
  beforeAll(async () => {
    bench = await ssh2Bench()
    session = await bench.open()
  })
  afterAll(() => bench.close())

  it('fault 18: any argument arrives through a real sshd as it was', async () => {
    const words = fc.array(
      fc.string({ unit: 'binary', maxLength: 40 }).map((s) => s.replaceAll('\0', '')),
      { minLength: 1, maxLength: 4 },
    )
    const arrives = async (argv: string[]) => {
      const result = await session.run({ argv: ['printf', '%s\\0', ...argv] })
      expect(Buffer.from(result.stdout.bytes).toString('utf8')).toBe(argv.map((word) => `${word}\0`).join(''))
    }
    await arrives([every, '$(id)`id`;id|id&&id>x #\r\n\'"\\', '-e', ''])
    await fc.assert(fc.asyncProperty(words, arrives), { numRuns: Math.min(runs, 200) })
  }, 120_000)
})
