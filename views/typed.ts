import type { Key } from './input.ts'

/** A line of text being typed; `cursor` counts characters (code points) from its start. */
export interface Typed {
  text: string
  cursor: number
}

export const nothing: Typed = { text: '', cursor: 0 }

/** A line that already holds text, with the cursor at its end. */
export function typed(text: string): Typed {
  return { text, cursor: [...text].length }
}

const longest = 4000

/** The line after one key; the same object where the key does nothing to it. */
export function edit(line: Typed, key: Key): Typed {
  const chars = [...line.text]
  const { cursor } = line
  if (key.text) {
    if (chars.length >= longest) return line
    return {
      text: [...chars.slice(0, cursor), key.text, ...chars.slice(cursor)].join(''),
      cursor: cursor + 1,
    }
  }
  switch (key.name) {
    case 'backspace':
      return cursor === 0 ? line : { text: without(chars, cursor - 1, cursor), cursor: cursor - 1 }
    case 'delete':
    case 'ctrl-d':
      return { text: without(chars, cursor, cursor + 1), cursor }
    case 'left':
    case 'ctrl-b':
      return { text: line.text, cursor: Math.max(0, cursor - 1) }
    case 'right':
    case 'ctrl-f':
      return { text: line.text, cursor: Math.min(chars.length, cursor + 1) }
    case 'home':
    case 'ctrl-a':
      return { text: line.text, cursor: 0 }
    case 'end':
    case 'ctrl-e':
      return { text: line.text, cursor: chars.length }
    case 'ctrl-u':
      return { text: chars.slice(cursor).join(''), cursor: 0 }
    case 'ctrl-w': {
      const kept = chars
        .slice(0, cursor)
        .join('')
        .replace(/\S+\s*$/, '')
      return { text: kept + chars.slice(cursor).join(''), cursor: [...kept].length }
    }
    default:
      return line
  }
}

function without(chars: string[], from: number, to: number): string {
  return [...chars.slice(0, from), ...chars.slice(to)].join('')
}
