import fc from 'fast-check'
import type { Key as InkKey } from 'ink'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { commands } from '../../views/commands.ts'
import { elapsed } from '../../views/format.ts'
import { createGuard } from '../../views/guard.ts'
import { keysOf, keysOfPaste } from '../../views/input.ts'
import { keyRecords, keyTable } from '../../views/keys.ts'
import { parseNote } from '../../views/notes.ts'
import { fitRow, type Row } from '../../views/row.ts'
import { changeText } from '../../views/say.ts'
import { clean, cut, pad, wrap } from '../../views/text.ts'
import { edit, nothing } from '../../views/typed.ts'

const key = (over: Partial<InkKey> = {}): InkKey => ({ ...over }) as InkKey
const names = (input: string, over: Partial<InkKey> = {}) =>
  keysOf(input, key(over), 0).map(({ name }) => name)

describe('keysOf', () => {
  it('splits type-ahead', () => {
    expect(names('jjq')).toEqual(['j', 'j', 'q'])
    expect(names('\r\r')).toEqual(['enter', 'enter'])
    expect(names('a\tb\u0003\u007f')).toEqual(['a', 'tab', 'b', 'ctrl-c', 'backspace'])
    expect(names('漢😀')).toEqual(['漢', '😀'])
  })

  it('names special keys', () => {
    expect(names('', { upArrow: true })).toEqual(['up'])
    expect(names('', { tab: true, shift: true })).toEqual(['shift-tab'])
    expect(names('k', { ctrl: true })).toEqual(['ctrl-k'])
    expect(names('\r', { return: true })).toEqual(['enter'])
    expect(names('', { escape: true })).toEqual(['esc'])
  })

  it('reads a meta key as esc and that key: esc and a key that follows at once come so', () => {
    expect(names('j', { meta: true })).toEqual(['esc', 'j'])
  })

  it('makes a paste text, never enter', () => {
    expect(keysOfPaste('a\r\nb\u001b', 0).map(({ name, pasted }) => [name, pasted])).toEqual([
      ['a', true],
      [' ', true],
      ['b', true],
    ])
  })
})

describe('the guard', () => {
  it('counts no key before the frame was written, then none until it was quiet', async () => {
    const guard = createGuard(20)
    guard.drawn('q')
    expect(guard.admits('q', Date.now())).toBe(false)
    guard.written()
    expect(guard.admits('q', Date.now() + 1000)).toBe(false)
    await opened(guard)
    expect(guard.admits('q', Date.now() + 20)).toBe(true)
    expect(guard.admits('other', Date.now() + 20)).toBe(false)
    guard.close()
  })

  it('counts nothing after the answer, for this question and for a while for anything', async () => {
    const guard = createGuard(20)
    guard.drawn('q')
    guard.written()
    await opened(guard)
    guard.answered('q', 1000)
    expect(guard.admits('q', Date.now() + 1000)).toBe(false)
    expect([guard.cooling(1010), guard.cooling(1025), guard.cooling(1045)]).toEqual([true, true, false])
    guard.drawn(undefined)
    guard.drawn('q')
    guard.written()
    expect(guard.open()).toBeUndefined()
    guard.close()
  })

  it('counts no key that was waiting while the process was busy', async () => {
    const guard = createGuard(10)
    guard.drawn('q')
    guard.written()
    const busyUntil = Date.now() + 60
    while (Date.now() < busyUntil);
    // What was waiting is read in the first turn after that, by its time late enough.
    expect(guard.admits('q', Date.now())).toBe(false)
    await opened(guard)
    guard.close()
  })

  const opened = (guard: ReturnType<typeof createGuard>) =>
    new Promise<void>((resolve) => {
      const end = guard.subscribe(() => {
        if (guard.open() === undefined) return
        end()
        resolve()
      })
    })
})

describe('the key records', () => {
  it('name a command each, and no key twice in one layer but where one is off', () => {
    for (const record of keyRecords) {
      expect(commands[record.id], record.id).toBeTypeOf('function')
      expect(record.does).toMatch(/^[A-Z].*[.]$/)
      for (const name of record.keys) {
        const same = keyRecords.filter((other) => other.layer === record.layer && other.keys.includes(name))
        expect(
          same.length === 1 || same.slice(0, -1).every((other) => other.off),
          `${record.layer} ${name}`,
        ).toBe(true)
      }
    }
  })

  it('give a row each for the reference', () => {
    expect(keyTable()).toHaveLength(keyRecords.length)
    expect(keyTable().find((row) => row.command === 'approve')).toEqual({
      layer: 'approval',
      keys: 'enter',
      command: 'approve',
      does: 'Approves this step on the hosts that the question names, once on each.',
    })
  })
})

describe('text', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 200 })

  it('is inert after clean', () => {
    fc.assert(fc.property(anything, (text) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(clean(text))))
  })

  it('shows what it takes away as marks', () => {
    expect(clean('a\u001b[2J\u202eb\u200b\u{e0041}\u009b\ud800')).toBe(
      'a‹U+001B›[2J‹U+202E›b‹U+200B›‹U+E0041›‹U+009B›‹U+D800›',
    )
    expect(clean('\udcff')).toBe('‹0xFF›')
    expect(clean('a\tb\nc ❤\ufe0f é')).toBe('a b c ❤ é')
  })

  it('is never wider than its place', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 60 }), (text, width) => {
        const inert = clean(text)
        expect(stringWidth(cut(inert, width))).toBeLessThanOrEqual(width)
        expect(stringWidth(pad(inert, width))).toBe(width)
        for (const line of wrap(text, width))
          expect(stringWidth(line)).toBeLessThanOrEqual(Math.max(2, width))
      }),
    )
  })

  it('is cut by columns, with …', () => {
    expect(cut('abcdef', 6)).toBe('abcdef')
    expect(cut('abcdefg', 6)).toBe('abcde…')
    expect(cut('漢字漢字', 8)).toBe('漢字漢字')
    expect(cut('漢字漢字', 7)).toBe('漢字漢…')
    expect(cut('漢字漢字', 6)).toBe('漢字…')
  })

  it('wraps at spaces, and long words anywhere', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl'])
    expect(wrap('a\n\nb', 9)).toEqual(['a', '', 'b'])
  })

  it('fits rows of several spans', () => {
    const width = (row: Row, columns: number) =>
      fitRow(row, columns)
        .map(({ text }) => text)
        .join('')
    expect(width(['abc', ['def', 'ok']], 6)).toBe('abcdef')
    expect(width(['abc', ['def', 'ok']], 5)).toBe('abcd…')
    expect(width(['abc', ['def', 'ok']], 3)).toBe('ab…')
    expect(width(['abc', '   '], 3)).toBe('abc')
  })
})

describe('what a person types', () => {
  it('is edited in the middle', () => {
    const press = (text: string, ...more: string[]) =>
      [
        ...[...text].map((char) => ({ name: char, text: char })),
        ...more.map((name) => ({ name, text: '' })),
      ].reduce((line, one) => edit(line, { ...one, at: 0, pasted: false }), nothing)
    expect(press('abc', 'left', 'backspace')).toEqual({ text: 'ac', cursor: 1 })
    expect(press('one two ', 'ctrl-w')).toEqual({ text: 'one ', cursor: 4 })
    expect(press('one', 'home', 'delete')).toEqual({ text: 'ne', cursor: 0 })
    expect(press('one', 'ctrl-u')).toEqual({ text: '', cursor: 0 })
  })

  it('is a note with its times', () => {
    const now = new Date('2026-11-20T03:12:09Z')
    expect(parseNote('it is back', now)).toEqual({ text: 'it is back' })
    expect(parseNote('-10m it is back', now)).toEqual({ text: 'it is back', at: '2026-11-20T03:02:09.000Z' })
    expect(parseNote('22:32 seen', now)).toEqual({ text: 'seen', at: '2026-11-19T22:32:00.000Z' })
    expect(parseNote('22:32-22:41 cleaned', now)).toEqual({
      text: 'cleaned',
      at: '2026-11-19T22:32:00.000Z',
      until: '2026-11-19T22:41:00.000Z',
    })
    expect(parseNote('22:32–22:41 cleaned', now)).toMatchObject({ until: '2026-11-19T22:41:00.000Z' })
    expect(parseNote('22:32', now)).toEqual({ wrong: 'write what happened after the time' })
    expect(parseNote('03:10-03:20 x', now)).toEqual({ wrong: '03:10-03:20 is not over yet' })
    expect(parseNote('2027-01-01 x', now)).toEqual({ wrong: '2027-01-01 is not past yet' })
    expect(parseNote('  ', now)).toEqual({ wrong: 'write what happened' })
    expect(parseNote('- 10m', now)).toEqual({ text: '- 10m' })
  })
})

describe('what is shown', () => {
  it('is a command as a person would type it', () => {
    const run = { argv: ['echo', "it's", 'a b', '--x=1'], env: { A: 'b c' }, cwd: '/srv' }
    expect(changeText({ say: '', as: 'root', run }, 'core-1')).toEqual([
      "$ cd /srv && sudo -u root env A='b c' echo 'it'\\''s' 'a b' --x=1",
    ])
    expect(
      changeText({ say: '', run: { argv: ['sh', '-c', 'x'], shown: 'pm2 delete core' } }, 'core-1'),
    ).toEqual(['$ pm2 delete core', 'done by a fixed script of sitrep'])
  })

  it('is a duration of fixed form', () => {
    expect([
      elapsed(0),
      elapsed(61_000),
      elapsed(3_600_000 * 3),
      elapsed(86_400_000 * 2 + 1000),
      elapsed(-5),
    ]).toEqual(['0:00:00', '0:01:01', '3:00:00', '2d 00:00:01', '0:00:00'])
  })
})
