import type { Key as InkKey } from 'ink'

/** One key as it arrived. `name` is the character itself, or a word: `enter`, `esc`, `tab`, `shift-tab`, `up`, `pgdn`, `ctrl-k`. */
export interface Key {
  name: string
  /** What it adds to a text; empty for keys that are no text. */
  text: string
  /** Milliseconds since the epoch when the chunk that it came in was read. */
  at: number
  /** It came in a bracketed paste: text only, never a command or an answer. */
  pasted: boolean
}

const named: [test: (key: InkKey) => boolean, name: string][] = [
  [(key) => key.upArrow, 'up'],
  [(key) => key.downArrow, 'down'],
  [(key) => key.leftArrow, 'left'],
  [(key) => key.rightArrow, 'right'],
  [(key) => key.pageUp, 'pgup'],
  [(key) => key.pageDown, 'pgdn'],
  [(key) => key.home, 'home'],
  [(key) => key.end, 'end'],
  [(key) => key.tab && key.shift, 'shift-tab'],
  [(key) => key.tab, 'tab'],
  [(key) => key.backspace, 'backspace'],
  [(key) => key.delete, 'delete'],
]

/**
 * The keys of one chunk that Ink hands over: type-ahead comes as one chunk (`"jjq"`), and `esc` that another key follows
 * at once comes as a meta key, which the console does not use, so it is read as `esc` and that key.
 */
export function keysOf(input: string, key: InkKey, at: number): Key[] {
  if (key.eventType === 'release') return []
  const special = named.find(([test]) => test(key))
  const rest = special
    ? [keyNamed(special[1], at)]
    : key.return
      ? [keyNamed('enter', at)]
      : charactersOf(input, key, at)
  if (key.escape) return [keyNamed('esc', at)]
  return key.meta && !special ? [keyNamed('esc', at), ...rest] : rest
}

/** The keys of a bracketed paste: its characters, with line breaks as spaces, so that a paste never answers anything. */
export function keysOfPaste(text: string, at: number): Key[] {
  const oneLine = text.replace(/[\r\n\t]+/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
  return [...oneLine].map((char) => ({ name: char, text: char, at, pasted: true }))
}

function charactersOf(input: string, key: InkKey, at: number): Key[] {
  if (key.ctrl && input.length === 1) return [keyNamed(`ctrl-${input.toLowerCase()}`, at)]
  return [...input].map((char) => characterKey(char, at))
}

function characterKey(char: string, at: number): Key {
  if (char === '\r' || char === '\n') return keyNamed('enter', at)
  if (char === '\t') return keyNamed('tab', at)
  if (char === '\u001b') return keyNamed('esc', at)
  if (char === '\u007f' || char === '\b') return keyNamed('backspace', at)
  const code = char.charCodeAt(0)
  if (code < 0x20) return keyNamed(`ctrl-${String.fromCharCode(code + 0x60)}`, at)
  return { name: char, text: char, at, pasted: false }
}

function keyNamed(name: string, at: number): Key {
  return { name, text: '', at, pasted: false }
}
