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

/** Matches what the sanitiser must stop at: a newline or a forbidden character (group 1), or a run of combining marks. */
export function stopPattern(): RegExp {
  return new RegExp(`([\\n${forbidden}])|[\\p{M}--[${forbidden}]]+`, 'gv')
}

/** The same for text that is ASCII alone. */
export function asciiStopPattern(): RegExp {
  return /([\n\x00-\x08\x0b-\x1f\x7f])/g
}

/** A visible mark for a character: `‹U+202E›`; `‹0xFF›` for a byte that was not UTF-8. */
export function markOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code >= 0xdc80 && code <= 0xdcff) return `‹0x${(code - 0xdc00).toString(16).toUpperCase()}›`
  return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`
}
