import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shellLine } from '../../src/hosts/quote.ts'
import type { RunResult, Session } from '../../src/model/command.ts'
import { type Bench, localBench, opensshBench, ssh2Bench } from './helpers/machine.ts'

const runs = process.env.SITREP_FULL ? 500 : 30

const transports: Record<string, () => Promise<Bench>> = {
  local: localBench,
  ssh2: () => ssh2Bench(),
  openssh: () => opensshBench(),
}

/** Text of any characters but NUL, which no argument can hold. */
const word = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', ''))
const words = fc.array(word, { minLength: 1, maxLength: 4 })
/** Any bytes but NUL, of which many are no text, as one character each. */
const bytes = fc.uint8Array({ min: 1, max: 255, maxLength: 60 }).map((a) => Buffer.from(a).toString('latin1'))
const byteWords = fc.array(bytes, { minLength: 1, maxLength: 4 })

const every = Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1)).toString('latin1')
const nasty = [every, '', '$(id)`id`;id|id&&id>x #\r\n\'"\\', '-e', '--', '~', '*', '\n', '\\', "'"]

const each = (argv: string[]) => argv.map((one) => `${one}\0`).join('')

describe.each(Object.keys(transports))('an argument over %s', (name) => {
  let bench: Bench
  let session: Session
  beforeAll(async () => {
    bench = await transports[name]!()
    session = await bench.open()
  })
  afterAll(() => bench.close())

  const printed = (result: RunResult, encoding: 'utf8' | 'latin1') => {
    expect(result).toMatchObject({ endedBy: 'exit', exitCode: 0 })
    return Buffer.from(result.stdout.bytes).toString(encoding)
  }

  it('fault 18: any text arrives as it was, as an argument of a command and of a job', async () => {
    const arrives = async (argv: string[]) => {
      const result = await session.run({ argv: ['printf', '%s\\0', ...argv] })
      expect(printed(result, 'utf8')).toBe(each(argv))
    }
    await arrives(nasty)
    await fc.assert(fc.asyncProperty(words, arrives), { numRuns: runs })
    const job = await session.job('arguments', { argv: ['printf', '%s\\0', ...nasty] })
    expect(printed(await job.done, 'utf8')).toBe(each(nasty))
    await job.remove()
  }, 300_000)

  it('fault 18: any bytes from 1 to 255 arrive as they were, quoted in a script that the host reads', async () => {
    const arrives = async (argv: string[]) => {
      const script = Buffer.from(`printf '%s\\0' ${shellLine(argv)}`, 'latin1').toString('base64')
      const result = await session.run({ argv: ['sh'], env: { LC_ALL: 'C' }, stdin: { base64: script } })
      expect(printed(result, 'latin1')).toBe(each(argv))
    }
    await arrives(nasty)
    await fc.assert(fc.asyncProperty(byteWords, arrives), { numRuns: runs })
  }, 300_000)

  it('fault 18: environment and input arrive as they were', async () => {
    const arrives = async (value: string) => {
      const result = await session.run({
        argv: ['sh', '-c', 'printf "%s\\0" "$VALUE"; cat'],
        env: { VALUE: value },
        stdin: value,
      })
      expect(printed(result, 'utf8')).toBe(`${value}\0${value}`)
    }
    await arrives(every)
    await fc.assert(fc.asyncProperty(word, arrives), { numRuns: Math.ceil(runs / 2) })
  }, 300_000)
})
