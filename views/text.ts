import stringWidth from 'string-width'

// Controls, format characters (bidi controls, zero-width, tags), lone surrogates, separators, and what is a letter or a
// mark by its class and shows nothing: the same characters of which the core's pipe makes marks.
const notInert =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\u034f|[\u115f\u1160\u3164\uffa0\ufffe\uffff]|[\u17b4\u17b5]|[\u180b-\u180f]|[\ufe00-\ufe0d]|[\u{e0100}-\u{e01ef}]/gu
/** They choose between a text and an emoji form of what stands before them, which terminals measure differently. */
const chooser = /[\ufe0e\ufe0f]/g
const ascii = /^[\u0020-\u007e]*$/
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Text that can do nothing to a terminal, in one line; the last defence, for all text was made inert before. */
export function clean(text: string): string {
  if (ascii.test(text)) return text
  return text
    .replace(chooser, '')
    .replace(notInert, (character) => (character === '\t' || character === '\n' ? ' ' : markOf(character)))
}

/** `‹U+202E›`; a half of a pair that stands alone for a byte is that byte: `‹0xFF›`. */
function markOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const hex = (number: number) => number.toString(16).toUpperCase()
  return code >= 0xdc80 && code <= 0xdcff ? `‹0x${hex(code - 0xdc00)}›` : `‹U+${hex(code).padStart(4, '0')}›`
}

/** Columns that the text takes on a terminal. */
export function widthOf(text: string): number {
  return ascii.test(text) ? text.length : stringWidth(text)
}

/** The text cut to `width` columns, with … where something is missing; wide characters are never halved. */
export function cut(text: string, width: number): string {
  if (width <= 0) return ''
  if (text.length <= width && ascii.test(text)) return text
  if (ascii.test(text)) return `${text.slice(0, width - 1)}…`
  let taken = ''
  let columns = 0
  let upToEllipsis = ''
  for (const grapheme of pieces(text, width)) {
    const wide = stringWidth(grapheme)
    if (columns + wide > width) return `${upToEllipsis}…`
    taken += grapheme
    columns += wide
    if (columns <= width - 1) upToEllipsis = taken
  }
  return taken.length < text.length && columns === width ? `${upToEllipsis}…` : taken
}

/** The text with the path at its end cut from the left where it does not fit: the end of a path says most. */
export function cutPath(text: string, width: number): string {
  const at = text.search(/(?<= )\/\S+$/)
  if (at < 0 || widthOf(text) <= width) return text
  const path = text.slice(at)
  const room = width - widthOf(text.slice(0, at)) - 1
  for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1))
    if (widthOf(path.slice(slash)) <= room) return `${text.slice(0, at)}…${path.slice(slash)}`
  return text
}

/** The text in exactly `width` columns: cut, or filled with spaces. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const fits = cut(text, width)
  const fill = ' '.repeat(Math.max(0, width - widthOf(fits)))
  return side === 'left' ? fits + fill : fill + fits
}

/** Lines of at most `width` columns, broken at spaces where there are some; at most `limit` lines, then …. */
export function wrap(text: string, width: number, limit = 500): string[] {
  const lines: string[] = []
  const columns = Math.max(1, width)
  for (const paragraph of text.slice(0, columns * limit * 4).split('\n')) {
    let line = ''
    for (const word of clean(paragraph).split(/(?<= )/)) {
      if (widthOf(line) + widthOf(word.trimEnd()) <= columns) {
        line += word
        continue
      }
      if (line.trim()) lines.push(line.trimEnd())
      line = word
      while (widthOf(line.trimEnd()) > columns && lines.length <= limit) {
        const head = takeColumns(line, columns)
        lines.push(head)
        line = line.slice(head.length)
      }
      if (lines.length > limit) return [...lines.slice(0, limit), '…']
    }
    lines.push(line.trimEnd())
    if (lines.length > limit) return [...lines.slice(0, limit), '…']
  }
  return lines
}

function takeColumns(text: string, width: number): string {
  if (ascii.test(text.slice(0, width))) return text.slice(0, Math.max(1, width))
  let taken = ''
  let columns = 0
  for (const grapheme of pieces(text, width)) {
    columns += stringWidth(grapheme)
    if (columns > width && taken) break
    taken += grapheme
  }
  return taken
}

/** Graphemes of at most 16 code units each, and not many more than fit: a 5 MB line costs what a short one does. */
function* pieces(text: string, width: number): Generator<string> {
  const bounded = text.length > width * 16 + 64 ? text.slice(0, width * 16 + 64) : text
  for (const { segment } of graphemes.segment(bounded)) {
    if (segment.length <= 16) yield segment
    else yield segment.slice(0, 16)
  }
}
