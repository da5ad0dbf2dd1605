/**
 * Puts values into POSIX shell text so that each stays one word.
 *
 * The text is read once from left to right, with a stack of what is open; so at every place it is known which quotes
 * surround it:
 *
 *   rm -- VALUE        plain    → 'it'\''s'
 *   grep 'a VALUE b'   single   → it'\''s        (closed, escaped, reopened)
 *   echo "a VALUE b"   double   → \$, \`, \" and \\ escaped
 *
 * Nothing is put inside `$( )`, backticks, `${ }`, a here-document or a comment, nor just behind a backslash or a `$`.
 * Where shells read a text differently (quotes inside `${ }`, `case` inside `$( )`, bash's `$'…'`), the reading is given
 * up: every place after that is `unclear`, and nothing is put there either.
 */

/** What surrounds a place in shell text; `name` is in double quotes just behind `$name`. Values go only into the first four. */
export type ShellContext =
  | 'plain'
  | 'single'
  | 'double'
  | 'name'
  | 'substitution'
  | 'backticks'
  | 'expansion'
  | 'heredoc'
  | 'comment'
  | 'escaped'
  | 'unclear'

interface Frame {
  is: ShellContext
  /** Open parentheses or braces of a substitution or an expansion. */
  depth: number
}

interface HereDocument {
  word: string
  tabs: boolean
  quoted: boolean
}

interface Scan {
  text: string
  at: number
  stack: Frame[]
  /** The character before `at` as the shell's tokens see it: not of a line continuation, `x` for anything quoted. */
  prev: string
  pending: HereDocument[]
  /** Ranges already passed in one go, with their context; the rest is told by the stack. */
  passed: { end: number; context: ShellContext } | undefined
}

/** The context of each of the given offsets (ascending) of a shell text. */
export function shellContexts(text: string, offsets: readonly number[]): ShellContext[] {
  const scan: Scan = {
    text,
    at: 0,
    stack: [{ is: 'plain', depth: 0 }],
    prev: '\n',
    pending: [],
    passed: undefined,
  }
  return offsets.map((offset) => {
    while (scan.at < offset) {
      scan.passed = undefined
      advance(scan)
    }
    // `offset` was jumped over by the last unit: a here-document, or what a backslash escapes.
    if (scan.at > offset) return scan.passed?.context ?? 'unclear'
    return contextNow(scan)
  })
}

function contextNow(scan: Scan): ShellContext {
  if (scan.stack.some(({ is }) => is === 'unclear')) return 'unclear'
  const blocked = scan.stack.find(
    (frame) => frame.is !== 'plain' && frame.is !== 'single' && frame.is !== 'double',
  )
  if (blocked) return blocked.is
  const context = scan.stack.at(-1)!.is
  if (context !== 'single' && scan.prev === '$') return 'escaped'
  // A value that begins with a letter would become a part of the variable's name.
  return context === 'double' && /\$[A-Za-z_]\w*$/.test(scan.text.slice(0, scan.at)) ? 'name' : context
}

/** Reads one unit: a character, an escaped pair, an opening, or all here-documents of a line. */
function advance(scan: Scan) {
  const top = scan.stack.at(-1)!
  const c = scan.text[scan.at]!
  if (top.is === 'unclear') return take(scan, 1)
  if (top.is === 'single') return c === "'" ? close(scan) : take(scan, 1)
  if (top.is === 'comment') {
    if (c !== '\n') return take(scan, 1)
    scan.stack.pop()
    return lineEnd(scan)
  }
  if (c === '\\') return escaped(scan)
  if (top.is === 'backticks') return c === '`' ? close(scan) : take(scan, 1)
  if (top.is === 'expansion') return expansion(scan, top, c)
  if (c === '`') return open(scan, 'backticks', 1)
  if (scan.text.startsWith('$((', scan.at)) return open(scan, 'expansion', 3, 2)
  if (scan.text.startsWith('$(', scan.at)) return open(scan, 'substitution', 2)
  if (scan.text.startsWith('${', scan.at)) return open(scan, 'expansion', 2)
  if (top.is === 'double') return c === '"' ? close(scan) : take(scan, 1)
  word(scan, top, c)
}

/** A character outside quotes, at the top or inside `$( )`. */
function word(scan: Scan, top: Frame, c: string) {
  const nested = top.is === 'substitution'
  if (c === '\n') return lineEnd(scan)
  if (c === "'") return scan.prev === '$' ? giveUp(scan) : open(scan, 'single', 1)
  if (c === '"') return open(scan, 'double', 1)
  if (c === '#' && /[\s;&|()<>]/.test(scan.prev)) return open(scan, 'comment', 1)
  if (scan.text.startsWith('<<', scan.at)) return nested ? giveUp(scan) : hereStart(scan)
  if (!nested) return take(scan, 1)
  if (/^case\b/.test(scan.text.slice(scan.at, scan.at + 5)) && !/\w/.test(scan.prev)) return giveUp(scan)
  if (c === '(') top.depth += 1
  if (c === ')') top.depth -= 1
  if (top.depth === 0) return close(scan)
  take(scan, 1)
}

/** A character inside `${ }` or `$(( ))`; shells differ about quotes there. */
function expansion(scan: Scan, top: Frame, c: string) {
  if (/['"`]/.test(c) || scan.text.startsWith('$(', scan.at)) return giveUp(scan)
  if (c === '{' || c === '(') top.depth += 1
  if (c === '}' || c === ')') top.depth -= 1
  if (top.depth === 0) return close(scan)
  take(scan, 1)
}

function take(scan: Scan, length: number): void {
  scan.prev = scan.text[scan.at + length - 1]!
  scan.at += length
}

function open(scan: Scan, is: ShellContext, length: number, depth = 1): void {
  scan.stack.push({ is, depth })
  scan.at += length
  scan.prev = is === 'substitution' ? '(' : 'x'
}

function close(scan: Scan): void {
  scan.stack.pop()
  scan.at += 1
  scan.prev = 'x'
}

function giveUp(scan: Scan): void {
  scan.stack.push({ is: 'unclear', depth: 0 })
  take(scan, 1)
}

function escaped(scan: Scan): void {
  const joined = scan.text[scan.at + 1] === '\n'
  scan.at += 2
  scan.passed = { end: scan.at, context: 'escaped' }
  if (!joined) scan.prev = 'x'
}

function hereStart(scan: Scan) {
  const match =
    /^<<(-?)[ \t]*((?:'[^'\n]*'|"[^"\n\\$`]*"|\\[^\n]|[^\s;&|()<>'"\\$`])+)(?=[\s;&|()<>]|$)/.exec(
      scan.text.slice(scan.at),
    )
  if (!match) return giveUp(scan)
  const raw = match[2]!
  scan.pending.push({ word: raw.replace(/['"\\]/g, ''), tabs: match[1] === '-', quoted: /['"\\]/.test(raw) })
  scan.at += match[0].length
  scan.passed = { end: scan.at, context: 'heredoc' }
  scan.prev = 'x'
}

/** Passes a line's end and the bodies of the here-documents that were announced on it. */
function lineEnd(scan: Scan) {
  const nested = scan.stack.length > 1
  take(scan, 1)
  if (scan.pending.length === 0) return
  if (nested) return giveUp(scan)
  for (const document of scan.pending) {
    if (!hereBody(scan, document)) {
      scan.stack.push({ is: 'unclear', depth: 0 })
      break
    }
  }
  scan.pending = []
  scan.prev = '\n'
  scan.passed = { end: scan.at, context: 'heredoc' }
}

/** Passes one here-document; false where its end can't be told for sure. */
function hereBody(scan: Scan, { word: mark, tabs, quoted }: HereDocument): boolean {
  let joined = false
  while (scan.at < scan.text.length) {
    const newline = scan.text.indexOf('\n', scan.at)
    const line = scan.text.slice(scan.at, newline < 0 ? undefined : newline)
    scan.at = newline < 0 ? scan.text.length : newline + 1
    if (!joined && (tabs ? line.replace(/^\t+/, '') : line) === mark) return true
    if (!quoted && /`|\$[({]/.test(line) && !balanced(line)) return false
    joined = !quoted && /(?:^|[^\\])(?:\\\\)*\\$/.test(line)
  }
  return true
}

function balanced(line: string): boolean {
  const count = (c: string) => line.split(c).length - 1
  return count('(') === count(')') && count('{') === count('}') && count('`') % 2 === 0
}

/** A value as one word of shell text, by the quotes that surround it; undefined where nothing may be put. */
export function shellValue(value: string, context: ShellContext): string | undefined {
  if (context === 'plain') return `'${value.replaceAll("'", `'\\''`)}'`
  if (context === 'single') return value.replaceAll("'", `'\\''`)
  if (context === 'name') return `"${shellValue(value, 'plain')}"`
  if (context === 'double') return value.replace(/[$`"\\]/g, '\\$&')
  return undefined
}

/** A shell variable as one word, by the quotes that surround it; undefined where nothing may be put. */
export function shellVariable(name: string, context: ShellContext): string | undefined {
  if (context === 'plain') return `"$\{${name}}"`
  if (context === 'single') return `'"$\{${name}}"'`
  if (context === 'double' || context === 'name') return `$\{${name}}`
  return undefined
}
