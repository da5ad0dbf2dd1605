import { describe, expect, it } from 'vitest'
import { parseAnswer } from '../../src/model/http/answer.ts'
import { compareAnswer } from '../../src/model/http/expect.ts'
import { parseLook } from '../../src/model/pm2/facts.ts'
import { cutText, lastLine, onOneLine, wholeText } from '../../src/model/said.ts'
import { judgeExit } from '../../src/model/shellExpect.ts'

const secret = 'first half\nsecond half'
/** A pipe that knows one secret of two short lines. */
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString().replaceAll(secret, '‹secret:x›')
const output = (said: string, cut = false) => ({ bytes: Buffer.from(said), total: said.length, cut })
const ended = (o: { stdout?: string; stderr?: string; exitCode?: number; cut?: boolean }) => ({
  endedBy: 'exit' as const,
  exitCode: o.exitCode ?? 3,
  stdout: output(o.stdout ?? '', o.cut),
  stderr: output(o.stderr ?? '', o.cut),
  ms: 1,
})

describe('wholeText', () => {
  it('fault 24: leaves out the end of an output that was cut, back to a newline where there is one', () => {
    const half = 'first half\nseco'
    expect(wholeText(output(half), text)).toBe(half)
    expect(wholeText(output(`a\n${'b'.repeat(5000)}\n${half}`, true), text)).toBe('a\n')
    const lines = wholeText(output(`${'line of text\n'.repeat(1000)}${half}`, true), text)
    expect(lines).toMatch(/^(?:line of text\n){600,}$/)
    expect(wholeText(output(`${'x'.repeat(9000)}sec`, true), text)).toBe('x'.repeat(4907))
    expect(wholeText(output('short', true), text)).toBe('')
  })

  it('picks and cuts what came through the pipe', () => {
    expect(lastLine('a\n b \n\n')).toBe('b')
    expect(lastLine(' \n')).toBeUndefined()
    expect(onOneLine(' a  b \r\n\n c\n')).toBe('a  b c')
    expect([cutText('abc', 3), cutText('abcd', 3), cutText('a😀b', 3)]).toEqual(['abc', 'ab…', 'a…'])
  })
})

describe('fault 24: a line is picked, and a text cut, only behind the pipe', () => {
  it.each([
    [ended({ stdout: `${secret}\n` }), 'exit 3: ‹secret:x›'],
    [ended({ stderr: `it was ${secret}` }), 'exit 3: it was ‹secret:x›'],
    [ended({ stderr: '\n' }), 'exit 3'],
    [ended({ stdout: `${'x\n'.repeat(5000)}first half\nseco`, cut: true }), 'exit 3: x'],
  ])('by judgeExit: %#', (result, observed) => {
    expect(judgeExit({}, result, text)).toEqual({ ok: false, observed })
  })

  it('by judgeExit, of the pattern', () => {
    for (let before = 30; before < 60; before++) {
      const match = `${'.'.repeat(before)}${secret}`
      const { observed } = judgeExit({ exit: 3, match }, ended({ stdout: 'y' }), text)
      expect(observed).not.toMatch(/first|half/)
    }
  })

  it('by parseLook', () => {
    expect(() => parseLook(ended({ stderr: `a\nb\n${secret}` }), text)).toThrow(/PM2: a; b; ‹secret:x›$/)
    const none = ended({ stdout: `${'.'.repeat(195)}${secret}`, exitCode: 0 })
    expect(() => parseLook(none, text)).toThrow(/\.‹sec…$/)
    // Without the pipe all of it is told, so that the pipe further on sees it whole.
    expect(() => parseLook(ended({ stderr: `a\nb\nc\n${secret}` }))).toThrow(`PM2: a\nb\nc\n${secret}`)
    expect(() => parseLook(none)).toThrow(secret)
  })

  it('by an HTTP answer', () => {
    const stderr = `a\nb\n${secret}\n`
    expect(parseAnswer(ended({ stderr }), 1000, text)).toMatchObject({ detail: 'a; b; ‹secret:x›' })
    const response = { status: 200, statusLine: '', headers: [], cut: false, ms: 1 }
    for (let before = 40; before < 60; before++) {
      const value = `${'.'.repeat(before)}one long secret`
      const hide = (bytes: Uint8Array) => Buffer.from(bytes).toString().replaceAll('one long secret', '‹x›')
      const body = JSON.stringify({ value })
      const wanted = { json: { '$.value': 'other' }, headers: { a: 'b' }, body: value.slice(1) }
      const answer = {
        is: 'answered' as const,
        response: { ...response, body, headers: [['a', value]] as [string, string][] },
      }
      const { expected, observed } = compareAnswer(wanted, answer, hide)
      expect(`${expected} ${observed}`).not.toMatch(/on?e? l|one/)
    }
  })
})
