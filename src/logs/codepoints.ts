// Which characters of others never reach a sink as they are.

// C0 but tab and newline, DEL, C1; format characters (bidi controls, zero-width, soft hyphen, tags), lone
// surrogates; line and paragraph separators; characters that are letters by class and show nothing (Hangul
// fillers, Khmer inherent vowels, the grapheme joiner); variation selectors but the two that choose text or emoji.
const forbidden =
  '\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}' +
  '\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u3164\\uffa0\\ufe00-\\ufe0d\\ufffe\\uffff\\u{e0100}-\\u{e01ef}'

/** Matches one forbidden character; sticky state is the caller's. */
export function forbiddenPattern(): RegExp {
  return new RegExp(`[${forbidden}]`, 'gu')
}

/** Matches a run of combining marks that may be shown, where it is asked for (sticky). */
export function combiningRun(): RegExp {
  return new RegExp(`[\\p{M}--[${forbidden}]]+`, 'vy')
}

// What each UTF-16 unit is, so that text is looked over at one table read a character. What is not ASCII is asked of
// the Unicode properties once, when it is met first.
const [shown, stop, unknown, half] = [0, 1, 2, 3]
const kinds = new Uint8Array(65_536).fill(unknown)
kinds.fill(shown, 0x20, 0x7f)
kinds.fill(stop, 0x00, 0x20)
kinds[0x09] = kinds[0x0a] = shown
kinds.fill(half, 0xd800, 0xdc00)
kinds.fill(stop, 0xdc00, 0xe000)

const stopping = new RegExp(`[${forbidden}]|\\p{M}`, 'u')

/** Where the first character stands, from `from` on, that is forbidden or a combining mark; the text's end without one. A newline is neither. */
export function nextStop(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    let kind = kinds[code]!
    if (kind === shown) continue
    if (kind === unknown) {
      kind = stopping.test(text[at]!) ? stop : shown
      kinds[code] = kind
    }
    if (kind === half && isShownPair(text, at)) {
      at++
      continue
    }
    if (kind !== shown) return at
  }
  return text.length
}

/** True where a surrogate and the next one are a character that is shown: pictographs and ideographs at once, others by their properties. */
function isShownPair(text: string, at: number): boolean {
  const code = text.codePointAt(at)!
  if (code <= 0xffff) return false
  if ((code >= 0x1f000 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x323af)) return true
  return !stopping.test(String.fromCodePoint(code))
}

/** A visible mark for a character: `‹U+202E›`; `‹0xFF›` for a byte that was not UTF-8. */
export function markOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code >= 0xdc80 && code <= 0xdcff) return `‹0x${(code - 0xdc00).toString(16).toUpperCase()}›`
  return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`
}
