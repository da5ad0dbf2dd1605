import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPipe } from '../../src/logs/pipe.ts'
import { type Tmux, tmux } from '../helpers/tmux.ts'
import { bytesIn, hostile } from './hostile.ts'
import { testSecrets } from './secrets.ts'

// A terminal is asked what it makes of the text: tmux, which takes titles, the clipboard, modes and the alternate screen.
// It reads a named pipe, so that each case is one write.

/** What a program can change of a terminal, beside its cells. */
const state = [
  'pane_title',
  'window_name',
  'alternate_on',
  'cursor_flag',
  'insert_flag',
  'keypad_flag',
  'keypad_cursor_flag',
  'mouse_any_flag',
  'origin_flag',
  'wrap_flag',
  'scroll_region_upper',
  'scroll_region_lower',
  'pane_tabs',
  'pane_in_mode',
  'pane_dead',
]
  .map((name) => `${name}=#{${name}}`)
  .join(' ')

let dir = ''
let terminal: Tmux
let feed: { write(text: string | Uint8Array): Promise<unknown>; close(): Promise<void> }

/** A fresh screen, of our own doing. */
const clear = '\x1bc\x1b[H\x1b[2J\x1b[3J'

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sitrep-oracle-'))
  const fifo = join(dir, 'feed')
  await execa('sh', ['-c', 'mkfifo "$0"', fifo])
  terminal = await tmux({
    // All that a terminal may let a program do is allowed here, and the window's name is not tmux's own to change.
    command: [
      'sh',
      '-c',
      `stty -echo; tmux rename-window oracle \\; set -g allow-rename on \\; set -g set-clipboard on; exec cat ${fifo}`,
    ],
    columns: 1000,
    rows: 60,
  })
  feed = await open(fifo, 'w')
})

afterAll(async () => {
  await feed?.close()
  await terminal?.kill()
  await rm(dir, { recursive: true, force: true })
})

/** What the screen has between two lines of ours, the state beside it, and the paste buffer. */
async function shownOf(text: string | Uint8Array, name: string) {
  await feed.write(`${clear}before ${name}\n`)
  await feed.write(text)
  await feed.write(`\nafter ${name}\n`)
  const rows = (await terminal.see(new RegExp(`^after ${name}$`, 'm'), 5000)).split('\n')
  const [first, last] = [rows.indexOf(`before ${name}`), rows.lastIndexOf(`after ${name}`)]
  return {
    rows: rows.slice(first + 1, last),
    first,
    state: await terminal.value(state),
    pasted: await terminal.buffer().catch(() => ''),
  }
}

/** Rows as they can be compared: a terminal keeps few combining marks in a cell, and makes blanks of tabs. */
function comparable(rows: readonly string[]): string[] {
  return rows.map((row) =>
    row
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      .replace(/[ \t]+/g, ' ')
      .trimEnd(),
  )
}

const clean = (bytes: Uint8Array) => createPipe(testSecrets()).bytes(bytes)

describe('tmux as the oracle', () => {
  it('sees what raw text does, so that it would see it below', async () => {
    const calm = await shownOf('a line', 'calm')
    expect(calm.rows).toEqual(['a line'])
    expect(calm.state).toContain('window_name=oracle')
    const titled = await shownOf('\x1b]2;stolen title\x07\x1b[?25l\x1b]52;c;aGk=\x07', 'titled')
    expect(titled.pasted).toBe('hi')
    expect(titled.state).not.toBe(calm.state)
    expect(titled.state).toContain('stolen title')
    const moved = await shownOf('one\ntwo\x1b[1A\x1b[2Kgone', 'moved')
    expect(moved.rows).not.toEqual(['one', 'two'])
    await feed.write('\x1b]2;calm\x07')
  })

  it.each([
    [
      'fault 11: OSC 52 and CSI inside of an OSC 8 address',
      'a\x1b]8;;http://x\x1b]52;c;aGk=\x07\x1b[2J\x07link\x1b]8;;\x07b',
    ],
    ['fault 12: an OSC that does not end', 'one\n\x1b]0;hidden\nthree'],
    ['fault 12: a DCS that does not end', 'one\n\x1bPhidden\nthree'],
    ['fault 12: a CSI that does not end', 'one\n\x1b[3\nthree'],
    [
      'fault 10: another screen, no cursor, a scroll region',
      'a\x1b[?1049hb\x1b[?25lc\x1b[2;3rd\x1b[4he\x1b=f',
    ],
  ])('%s', async (name, text) => {
    const before = await shownOf('', 'nothing')
    const made = clean(Buffer.from(text))
    const after = await shownOf(made, 'case')
    expect(comparable(after.rows), name).toEqual(comparable(made.split('\n')))
    expect({ ...after, rows: [] }).toEqual({ ...before, rows: [] })
  })

  const cases = process.env.SITREP_FULL ? 500 : 60
  it(
    `faults 10, 11 and 12: ${cases} hostile texts leave screen, title, modes and paste buffer as they are, and hide no later line`,
    async () => {
      const before = await shownOf('', 'nothing')
      let count = 0
      await fc.assert(
        fc.asyncProperty(fc.array(hostile(), { minLength: 3, maxLength: 8 }), async (texts) => {
          const made = clean(bytesIn(texts.join('\n')))
          const after = await shownOf(made, `case ${++count}`)
          expect(comparable(after.rows)).toEqual(comparable(made.split('\n')))
          expect({ ...after, rows: [] }).toEqual({ ...before, rows: [] })
        }),
        { numRuns: cases },
      )
    },
    process.env.SITREP_FULL ? 300_000 : 60_000,
  )
})
