// Which parts of an exported file are ours. A generated section stands between
//
//   <!-- sitrep:begin NAME sha256 -->
//   …
//   <!-- sitrep:end NAME -->
//
// where sha256 is of the lines between. Everything else is the author's. On the next export a section whose lines still
// have that sha256 is written anew; one that was edited by hand stays as its author left it, and is told.
import { createHash } from 'node:crypto'

/** A generated section, or text of the author's. */
export type Piece = { name: string; content: string; sha256?: string } | { text: string }

const begin = /^<!-- sitrep:begin ([a-z0-9-]+) ([0-9a-f]{64}) -->$/
const endOf = (name: string) => `<!-- sitrep:end ${name} -->`

/** The pieces of a file that was exported before; a section without its end is the author's text. */
export function readPieces(markdown: string): Piece[] {
  const pieces: Piece[] = []
  const lines = markdown.replaceAll('\r\n', '\n').split('\n')
  let text: string[] = []
  const flush = () => {
    if (text.some((line) => line.trim() !== '')) pieces.push({ text: trimmed(text) })
    text = []
  }
  for (let at = 0; at < lines.length; at++) {
    const begun = begin.exec(lines[at]!)
    const end = begun ? lines.indexOf(endOf(begun[1]!), at + 1) : -1
    if (!begun || end < 0) {
      text.push(lines[at]!)
      continue
    }
    flush()
    pieces.push({ name: begun[1]!, sha256: begun[2]!, content: lines.slice(at + 1, end).join('\n') })
    at = end
  }
  flush()
  return pieces
}

/** The file of some pieces. A section that was edited keeps the sha256 of what was generated, so that it stays its author's. */
export function writePieces(pieces: readonly Piece[]): string {
  const blocks = pieces.map((piece) =>
    'text' in piece
      ? piece.text
      : `<!-- sitrep:begin ${piece.name} ${piece.sha256 ?? sha256(piece.content)} -->\n${piece.content}\n${endOf(piece.name)}`,
  )
  return `${blocks.join('\n\n')}\n`
}

/**
 * Puts newly generated pieces into a file that people may have edited: their text and the order of their sections stay.
 * A section that the file does not have is put after the one that it follows in the new document.
 */
export function mergePieces(
  before: readonly Piece[],
  now: readonly Piece[],
): { pieces: Piece[]; kept: string[] } {
  const generated = new Map(now.flatMap((piece) => ('name' in piece ? [[piece.name, piece] as const] : [])))
  const seen = new Set<string>()
  const kept: string[] = []
  const pieces = before.flatMap((piece): Piece[] => {
    if ('text' in piece) return [piece]
    const fresh = generated.get(piece.name)
    if (seen.has(piece.name)) {
      // A copy of a section that somebody made is theirs.
      return [{ text: piece.content }]
    }
    seen.add(piece.name)
    const edited = piece.sha256 !== sha256(piece.content) && piece.content !== fresh?.content
    if (edited) kept.push(piece.name)
    return edited ? [piece] : fresh ? [fresh] : []
  })
  let previous: string | undefined
  for (const piece of now) {
    if (!('name' in piece)) continue
    if (!seen.has(piece.name)) {
      const at = pieces.findIndex((other) => 'name' in other && other.name === previous)
      pieces.splice(previous === undefined ? 0 : at < 0 ? pieces.length : at + 1, 0, piece)
      seen.add(piece.name)
    }
    previous = piece.name
  }
  return { pieces, kept }
}

function trimmed(lines: string[]): string {
  return lines.join('\n').replace(/^\n+|\n+$/g, '')
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}
