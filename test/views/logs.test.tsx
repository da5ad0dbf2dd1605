import { describe, expect, it } from 'vitest'
import type { ConsoleState } from '../../src/console.types.ts'
import { terminal } from '../helpers/terminal.ts'
import { fakeConsole } from './fakeConsole.ts'
import { expectFits } from './frame.ts'
import { log, scenes } from './scenes.ts'

const key = 'core-1 pm2:core-backend'
const withLog = (state: ConsoleState, change: Partial<ReturnType<typeof log>>): ConsoleState => ({
  ...state,
  room: { ...state.room!, logs: { [key]: { ...log(), ...change } } },
})
const line = (seq: number, text: string) => ({
  seq,
  at: '2026-11-20T03:12:09.000Z',
  text,
  stream: 'stdout' as const,
})

describe('the logs', () => {
  it('follow, pause on scroll, count what is new, and follow again', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    await t.see(/would change/)
    t.press('3')
    await t.see(/\(40\)/)
    await t.see(/following/)
    t.press('k')
    const paused = await t.see(/PAUSED/)
    console.set((state) =>
      withLog(state, { lines: [...log().lines, line(41, 'new one'), line(42, 'new two')], total: 42 }),
    )
    const after = await t.see(/PAUSED, 2 new/)
    expect(after).toContain('3 logs +2')
    const body = (screen: string) => screen.split('\n').slice(3, -2)
    expect(body(after)).toEqual(body(paused))
    t.press('G')
    const end = await t.see(/new two/)
    expect(end).toContain('following')
  })

  it('mark the lines that hold a symptom of the runbook', async () => {
    await using t = terminal(fakeConsole(scenes.plan))
    t.press('3')
    await t.see(/◆03:\d\d:\d\d ! Login error: Error: secretOrPrivateKey/)
  })

  it('search with n and N, and say when nothing is found', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    t.press('3', '/')
    await t.see(/Search this log/)
    t.send('jwks\r')
    await t.see(/›03:\d\d:\d\d +GET \/auth\/jwks 200 2 ms \(40\)/)
    t.press('n')
    await t.see(/›03:\d\d:\d\d +GET \/auth\/jwks 200 2 ms \(36\)/)
    t.press('N')
    await t.see(/›03:\d\d:\d\d +GET \/auth\/jwks 200 2 ms \(40\)/)
    t.send('/\u0015no such thing\r')
    await t.see(/no older line has no such thing/)
  })

  it('pin the chosen lines', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    t.press('3', 'p')
    await t.see(/choose a line with k first/)
    t.press('k', 'v', 'k', 'k', 'p')
    await t.waitFor(() => console.intents.length > 0)
    expect(console.intents).toEqual([{ do: 'pin', source: key, seqs: [37, 38, 39] }])
  })

  it('copy the chosen lines as OSC 52, inert', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    console.set((state) =>
      withLog(state, { lines: [line(1, 'a \u001b]52;c;ZXZpbA==\u0007 b'), line(2, 'last')] }),
    )
    t.press('3', 'k', 'y')
    await t.see(/copied 34 characters/)
    const [, base64 = ''] = /\u001b\]52;c;([A-Za-z0-9+/=]+)\u0007/.exec(t.raw()) ?? []
    expect(Buffer.from(base64, 'base64').toString()).toBe('a ‹U+001B›]52;c;ZXZpbA==‹U+0007› b')
  })

  it('fault 10, 14, 15: hostile lines reach the terminal as text, in their place', async () => {
    const hostile = [
      '\u001b]0;owned\u0007title',
      '\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\',
      '\u001b]8;;\u001b]52;c;ZXZpbA==\u0007\u0007nested',
      '\u001b[2J\u001b[Hcleared',
      '\u001b]52;c;unterminated',
      '\u009b31mC1',
      'a\rb\bc',
      '\u202egnp.exe\u200b\u2066x',
      `e${'\u0301'.repeat(2000)}`,
      'x'.repeat(5_000_000),
      '漢字'.repeat(100),
      '👩‍👩‍👧‍👦🇨🇭'.repeat(60),
      'the line after',
    ]
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    t.press('3')
    await t.see(/\(40\)/)
    const before = t.raw().length
    const started = performance.now()
    console.set((state) =>
      withLog(state, { lines: hostile.map((text, index) => line(index + 1, text)), total: hostile.length }),
    )
    const screen = await t.see(/the line after/)
    expect(performance.now() - started).toBeLessThan(1500)
    expectFits(screen, 80, 24)
    const written = t.raw().slice(before)
    expect(written).not.toMatch(/\u001b(?!\[\d+(;\d+)*m)/)
    expect(written).not.toMatch(
      /[\u0000-\u0009\u000b-\u001a\u001c-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/,
    )
  })

  it('cost frames, not lines', async () => {
    const console = fakeConsole(scenes.plan)
    await using t = terminal(console)
    t.press('3')
    await t.see(/\(40\)/)
    const before = t.raw().length
    for (let seq = 1; seq <= 2000; seq++) {
      console.set((state) => withLog(state, { lines: [line(seq, `flood ${seq}`)], total: seq }))
    }
    await t.see(/flood 2000/)
    expect((t.raw().length - before) / 3000).toBeLessThan(10)
  })
})
