/**
 * What a secret that is longer than what is held may go on with. `none`: it is whole; `token`: characters of a token;
 * `word`: anything but blanks and quotes; `header`: anything but quotes; `line`: all of its line; and the quote by which
 * a value was opened (`"`, `\"`, …) for anything up to the one that closes it.
 */
export type Rest = 'none' | 'token' | 'word' | 'header' | 'line' | Quote
export type Quote = `${'' | '\\'}${'"' | "'" | '`'}`

const rests: Record<Exclude<Rest, Quote>, RegExp> = {
  none: /^/,
  token: /^[\w+/=.%~-]+/,
  word: /^[^\s"']+/,
  header: /^[^"'\n]+/,
  line: /^[^\n]+/,
}

/** Drops the rest of a secret whose beginning was shown as its mark, over pieces of text of any length. */
export interface RestEater {
  /** Begins to drop. */
  start(rest: Rest): void
  /** The piece without what belongs to the secret. */
  eat(text: string): string
}

export function createRestEater(): RestEater {
  let rest: Rest = 'none'
  let escaped = false

  /** How many characters belong to a value that is closed by `quote`; a backslash shelters it where it was opened without one. */
  function quoted(text: string, quote: Quote): number {
    const closing = quote.at(-1)!
    for (let at = 0; at < text.length; at++) {
      const character = text[at]!
      if (character === '\n' || (!escaped && character === closing)) return at
      escaped = quote.length === 1 && !escaped && character === '\\'
    }
    return text.length
  }

  return {
    start(next) {
      rest = next
      escaped = false
    },
    eat(text) {
      if (rest === 'none' || text === '') return text
      const length =
        rest in rests ? matched(rests[rest as keyof typeof rests], text) : quoted(text, rest as Quote)
      if (length < text.length) rest = 'none'
      return text.slice(length)
    },
  }
}

function matched(pattern: RegExp, text: string): number {
  return pattern.exec(text)?.[0].length ?? 0
}
