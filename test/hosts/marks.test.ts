import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMarkFilter } from '../../src/hosts/marks.ts'

const nonce = '0123456789abcdef0123456789abcdef'

function filterAll(chunks: Uint8Array[], begin: boolean) {
  const marks: [string, string][] = []
  let data = ''
  const filter = createMarkFilter(nonce, {
    begin,
    onMark: (name, value) => marks.push([name, value]),
    onData: (chunk) => {
      data += Buffer.from(chunk).toString('latin1')
    },
  })
  for (const chunk of chunks) filter.write(chunk)
  filter.end()
  return { marks, data, before: filter.before() }
}

function cutAt(text: string, cuts: number[]): Uint8Array[] {
  const bytes = Buffer.from(text, 'latin1')
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
}

describe('marks', () => {
  const stream = `Welcome\n${nonce}:begin 42\nhel${nonce}:ask\nlo 0123${nonce.slice(0, 31)}x\n${nonce}:exit 3\ntail${nonce.slice(0, 9)}`

  it('takes marks out of a stream, whatever its chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (cuts) => {
        const { marks, data, before } = filterAll(cutAt(stream, cuts), true)
        expect(marks).toEqual([
          ['begin', '42'],
          ['ask', ''],
          ['exit', '3'],
        ])
        expect(data).toBe(`hello 0123${nonce.slice(0, 31)}x\ntail${nonce.slice(0, 9)}`)
        expect(before).toBe('Welcome\n')
      }),
    )
  })

  it('passes on what only looks like a mark', () => {
    const text = `${nonce}:NOT A MARK\n${nonce}:${'x'.repeat(3000)}\nend`
    expect(filterAll(cutAt(text, [10, 40, 100]), false)).toMatchObject({ marks: [], data: text })
  })
})
