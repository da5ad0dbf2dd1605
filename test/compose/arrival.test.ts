import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createArrival } from '../../src/compose/arrival.ts'

type Push = readonly ['stdout' | 'stderr', string]

function arrived(...pushes: Push[]): string {
  let text = ''
  const arrival = createArrival((piece) => {
    text += piece
  })
  for (const [stream, piece] of pushes) arrival.push(stream, piece)
  arrival.end()
  return text
}

describe('two streams as one text', () => {
  it('stand in the order in which their lines ended, those of stderr marked', () => {
    expect(
      arrived(['stdout', 'one\ntw'], ['stderr', 'no such file\n\nbad'], ['stdout', 'o\n'], ['stderr', '\n']),
    ).toBe('one\n‹stderr› no such file\n‹stderr› \ntwo\n‹stderr› bad\n')
  })

  it('a last line without its end gets one', () => {
    expect(arrived(['stderr', 'x'], ['stdout', 'y'])).toBe('y\n‹stderr› x\n')
    expect(arrived()).toBe('')
  })

  it('a line too long to wait for is given in pieces, and told where the other stream comes between', () => {
    const long = 'x'.repeat(70_000)
    expect(arrived(['stdout', long], ['stdout', 'end\n'])).toBe(`${long}end\n`)
    expect(arrived(['stdout', long], ['stderr', 'oh\n'], ['stdout', 'end\nnext\n'])).toBe(
      `${long}\n‹stderr› oh\n‹goes on› end\nnext\n`,
    )
    expect(arrived(['stderr', long], ['stdout', 'a\n'], ['stderr', 'end'])).toBe(
      `‹stderr› ${long}\na\n‹stderr› ‹goes on› end\n`,
    )
  })

  it('loses nothing of either, however it comes', () => {
    const push = fc.tuple(
      fc.constantFrom('stdout' as const, 'stderr' as const),
      fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'é') }),
    )
    fc.assert(
      fc.property(fc.array(push), (pushes) => {
        const lines = arrived(...pushes)
          .split('\n')
          .slice(0, -1)
        const of = (stream: 'stdout' | 'stderr') => {
          const all = pushes
            .filter(([one]) => one === stream)
            .map(([, text]) => text)
            .join('')
          return all === '' || all.endsWith('\n') ? all.split('\n').slice(0, -1) : all.split('\n')
        }
        const mark = '‹stderr› '
        expect(lines.filter((line) => !line.startsWith(mark))).toEqual(of('stdout'))
        expect(lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length))).toEqual(
          of('stderr'),
        )
      }),
    )
  })
})
